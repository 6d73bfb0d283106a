#include <map>
#include <random>
#include <set>

#include "subscriptions/journal.hpp"
#include "world.hpp"

using namespace foldback;
using namespace foldback::server;
using namespace foldback::server::subscriptions;
using namespace std::chrono_literals;

namespace {

/// A store, subscriptions and receivers in which everything happens that can, in an order that a seed decides; and what
/// must hold all the time.
class History {
public:
    History(unsigned seed, std::size_t partitions) : world({}, partitions), random_(seed) {
        world.create("wake");
        world.put_webhook("hook", {{"pattern", "events/*"}, {"lease_ttl_ms", 5'000}});
        world.put_pull("pull", {{"pattern", "events/**"}, {"lease_ttl_ms", 5'000}});
    }

    void step() {
        switch (random_() % 12) {
            case 0:
            case 1:
            case 2: world.append("events/" + std::to_string(random_() % 5)); break;
            case 3: world.pass(std::chrono::milliseconds(random_() % 3'000)); break;
            case 4: {  // the process dies with work before it
                const std::string value = "1";
                world.store->append({.stream = "events/" + std::to_string(random_() % 5),
                                     .messages = Messages::trusted_json(std::span(&value, 1)),
                                     .content_type = "application/json",
                                     .create_with = StreamConfig{.content_type = "application/json"}},
                                    [](const Result<Appended>&) {});
                for (auto left = random_() % 6; left > 0; --left) world.step();
                world.restart();
                break;
            }
            case 5: world.restart(); break;
            case 6: remove_stream(); break;
            case 7:
            case 8: receive(); break;
            case 9: claim(); break;
            case 10: finish_claim(); break;
            case 11: call_back_late(); break;
        }
        check();
    }

    /// With receivers that do what they should, everything is handled.
    void end() {
        for (int i = 0; i < 200; ++i) {
            world.pass(10s);
            for (const auto& attempt : std::exchange(world.surroundings->attempts, {})) {
                const auto wake = json::parse(attempt.body);
                handle("hook", wake);
                world.answer(wake, Outcome::Kind::done);
            }
            claim();
            while (!claims_.empty()) finish_claim();
            check();
        }
        for (const auto* id : {"hook", "pull"}) {
            for (const auto& link : world.links(id)) {
                const std::string stream = link["path"];
                CAPTURE(stream);
                if (world.store->head(stream)) CHECK(link["acked_offset"] == world.tail(stream));
            }
        }
        for (int i = 0; i < 5; ++i) {
            const auto stream = "events/" + std::to_string(i);
            if (!world.store->head(stream) || world.store->head(stream)->tail.offset.value == 0) continue;
            CHECK(handled_[{"hook", stream}] == world.tail(stream));
            CHECK(handled_[{"pull", stream}] == world.tail(stream));
        }
    }

    World world;

private:
    /// A worker has processed a wake's streams up to their tails.
    void handle(const std::string& id, const json& wake) {
        for (const auto& stream : wake["streams"]) {
            auto& handled = handled_[{id, stream["path"]}];
            handled = std::max<std::string>(handled, stream["tail_offset"]);
        }
    }

    void receive() {
        for (const auto& attempt : std::exchange(world.surroundings->attempts, {})) {
            const auto wake = json::parse(attempt.body);
            switch (random_() % 4) {
                case 0:
                    handle("hook", wake);
                    world.answer(wake, Outcome::Kind::done);
                    break;
                case 1: world.answer(wake, Outcome::Kind::failed); break;
                case 2:
                    world.answer(wake, Outcome::Kind::accepted);
                    old_.push_back(wake);
                    break;
                default: break;  // it says nothing
            }
        }
    }

    /// A callback of a wake of some time ago: it may be fenced, or not.
    void call_back_late() {
        if (old_.empty()) return;
        const auto wake = old_[random_() % old_.size()];
        // The worker has done its work before it says so, whether that is heard or not.
        auto before = handled_;
        handle("hook", wake);
        const auto answer = world.request(Method::post, "hook/callback", all_done(wake), wake["callback_token"]);
        if (answer.status != 200) handled_ = std::move(before);
    }

    void claim() {
        const auto answer = world.request(Method::post, "pull/claim", {{"worker", "w"}});
        if (answer.status == 200) claims_.push_back(answer.body);
    }

    void finish_claim() {
        if (claims_.empty()) return;
        const auto claim = claims_.front();
        claims_.erase(claims_.begin());
        if (random_() % 3 == 0) {
            world.request(Method::post, "pull/release", reference_to(claim), claim["token"]);
            return;
        }
        auto before = handled_;
        handle("pull", claim);
        const auto answer = world.request(Method::post, "pull/ack", all_done(claim), claim["token"]);
        if (answer.status != 200) handled_ = std::move(before);
    }

    void remove_stream() {
        const auto stream = "events/" + std::to_string(random_() % 5);
        (void)world.store->remove(stream);
        world.settle();
    }

    /// Nothing is acknowledged that was not handled.
    void check() {
        for (const auto* id : {"hook", "pull"}) {
            for (const auto& link : world.links(id)) {
                const std::string stream = link["path"];
                const std::string acked = link["acked_offset"];
                CAPTURE(id);
                CAPTURE(stream);
                const bool at_begin = acked.ends_with("_0000000000000000");
                REQUIRE((at_begin || acked <= handled_[{id, stream}]));
            }
        }
    }

    std::mt19937 random_;
    std::map<std::pair<std::string, std::string>, std::string> handled_;
    std::vector<json> old_;
    std::vector<json> claims_;
};

unsigned rounds() {
    const auto* given = std::getenv("FOLDBACK_ROUNDS");
    return given == nullptr ? 1 : static_cast<unsigned>(std::stoul(given));
}

}  // namespace

TEST_SUITE("subscriptions after a restart") {
    TEST_CASE("a wake that was under way is delivered again, the same one") {
        World world;
        world.put_webhook("s");
        world.append("events/a");
        const auto wake = world.take_webhook();

        world.restart();

        const auto again = world.take_webhook();
        CHECK(again["wake_id"] == wake["wake_id"]);
        CHECK(again["generation"] == wake["generation"]);
        CHECK(again["streams"] == wake["streams"]);
        CHECK(world.request(Method::post, "s/callback", all_done(wake), wake["callback_token"]).status == 200);
    }

    TEST_CASE("the wait for a failing receiver goes on") {
        World world;
        world.put_webhook("s", {{"lease_ttl_ms", 600'000}});
        world.append("events/a");
        for (int i = 0; i < 4; ++i) {
            world.answer(world.take_webhook(), Outcome::Kind::failed);
            if (i < 3) world.pass(std::chrono::seconds(1 << i));
        }
        world.pass(3s);

        world.restart();

        CHECK(world.surroundings->attempts.empty());
        CHECK(world.request(Method::get, "s").body["status"] == "failed");
        world.pass(5s - 1ms);
        CHECK(world.surroundings->attempts.empty());
        world.pass(1ms);
        CHECK(world.surroundings->attempts.size() == 1);
    }

    TEST_CASE("a claim holds, and ends when it would have") {
        World world;
        world.create("wake");
        world.put_pull("s", {{"lease_ttl_ms", 10'000}});
        world.append("events/a");
        const auto claim = world.request(Method::post, "s/claim", {{"worker", "one"}}).body;
        world.pass(4s);

        world.restart();

        CHECK(world.request(Method::post, "s/claim", {{"worker", "two"}}).code() == "ALREADY_CLAIMED");
        world.pass(6s);
        CHECK(world.read("wake").size() == 2);
        CHECK(world.request(Method::post, "s/ack", all_done(claim), claim["token"]).code() == "FENCED");
    }

    TEST_CASE("what was appended while nobody looked wakes") {
        World world;
        world.put_webhook("s");
        world.append("events/a");
        world.answer(world.take_webhook(), Outcome::Kind::done);
        world.engine.reset();
        const std::string value = "1";
        for (const auto* stream : {"events/a", "events/new"}) {
            REQUIRE(world.store
                        ->append({.stream = stream,
                                  .messages = Messages::trusted_json(std::span(&value, 1)),
                                  .content_type = "application/json",
                                  .create_with = StreamConfig{.content_type = "application/json"}})
                        .has_value());
        }

        world.restart();

        std::set<std::string> streams;
        while (!world.surroundings->attempts.empty()) {
            const auto wake = world.take_webhook();
            for (const auto& stream : wake["streams"]) streams.insert(stream["path"].get<std::string>());
            world.answer(wake, Outcome::Kind::done);
        }
        CHECK(streams == std::set<std::string>{"events/a", "events/new"});
    }

    TEST_CASE("everything about a subscription is as it was") {
        World world;
        world.append("x");
        world.put_webhook("s", {{"streams", {"x", "nothing"}}, {"description", "text"}});
        world.append("events/a");
        world.request(Method::remove, "s/streams/x");
        world.request(Method::post, "s/streams", {{"streams", {"y"}}});
        const auto before = world.request(Method::get, "s").body;

        world.restart();

        CHECK(world.request(Method::get, "s").body == before);
        world.append("x");
        const auto wake = world.take_webhook();
        for (const auto& stream : wake["streams"]) CHECK(stream["path"] != "x");
    }

    TEST_CASE("a journal is begun anew before it gets long, and says the same") {
        World world({.restate_after_events = 50});
        world.put_webhook("s", {{"streams", {"named"}}});
        std::string last;
        for (int i = 0; i < 300; ++i) {
            world.append("events/" + std::to_string(i % 7));
            const auto wake = world.take_webhook();
            last = wake["wake_id"];
            if (i < 299) world.answer(wake, Outcome::Kind::done);
        }
        const auto info = world.store->head(journal_of("s"));
        CHECK(info->tail.offset.value - info->first.value < 120);
        const auto before = world.request(Method::get, "s").body;

        world.restart();

        CHECK(world.request(Method::get, "s").body == before);
        const auto wake = world.take_webhook();
        CHECK(wake["wake_id"] == last);
        CHECK(wake["generation"] == 300);
        world.answer(wake, Outcome::Kind::done);
        CHECK(world.acked("s", "events/5") == world.tail("events/5"));
    }

    TEST_CASE("links of deleted streams are given up with the old journal") {
        World world({.restate_after_events = 50});
        world.put_webhook("s");
        for (int i = 0; i < 200; ++i) {
            const auto stream = "events/" + std::to_string(i);
            world.append(stream);
            world.answer(world.take_webhook(), Outcome::Kind::done);
            REQUIRE(world.store->remove(stream).has_value());
        }
        CHECK(world.links("s").size() < 150);
    }

    TEST_CASE("whatever happens, nothing is acknowledged that was not handled, and in the end all is handled") {
        for (unsigned round = 0; round < 20 * rounds(); ++round) {
            const unsigned seed = std::random_device()();
            const std::size_t partitions = round % 2 == 0 ? 1 : 3;
            CAPTURE(seed);
            CAPTURE(partitions);
            History history(seed, partitions);
            for (int step = 0; step < 300; ++step) history.step();
            history.end();
        }
    }
}
