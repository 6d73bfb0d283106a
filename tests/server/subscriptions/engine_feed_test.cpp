#include <random>
#include <set>

#include "world.hpp"

using namespace foldback;
using namespace foldback::server;
using namespace foldback::server::subscriptions;
using namespace std::chrono_literals;

TEST_SUITE("subscriptions and streams") {
    TEST_CASE("a stream that was deleted and created again is another stream") {
        World world;
        world.put_webhook("s", {{"streams", {"named"}}});
        for (const auto* stream : {"events/a", "named"}) {
            CAPTURE(stream);
            world.append(stream);
            world.append(stream);
            world.append(stream);
            world.answer(world.take_webhook(), Outcome::Kind::accepted);
            world.pass(1h);
            world.answer(world.take_webhook(), Outcome::Kind::done);
            const auto old = world.tail(stream);
            REQUIRE(world.store->remove(stream).has_value());
            world.append(stream);

            const auto wake = world.take_webhook();
            REQUIRE(wake["streams"].size() == 1);
            CHECK(wake["streams"][0]["path"] == stream);
            auto body = all_done(wake);
            body["acks"] = json::array({{{"stream", stream}, {"offset", old}}});
            CHECK(world.request(Method::post, "s/callback", body, wake["callback_token"]).code() == "INVALID_OFFSET");
            world.answer(wake, Outcome::Kind::done);
            CHECK(world.acked("s", stream) == world.tail(stream));
        }
    }

    TEST_CASE("a fork that matches is followed from where it left its source") {
        World world;
        world.append("source");
        world.append("source");
        world.put_webhook("s");
        REQUIRE(world.store
                    ->create(
                        {.stream = "events/fork", .config = {.content_type = ""}, .fork = ForkFrom{.source = "source"}})
                    .has_value());
        const auto left_at = world.tail("events/fork");
        world.append("events/fork");

        const auto wake = world.take_webhook();
        CHECK(wake["streams"][0]["acked_offset"] == left_at);
        CHECK(world.request(Method::post, "s/callback", all_done(wake), wake["callback_token"]).status == 200);
    }

    TEST_CASE("one wake is about a bounded number of streams, and all have their turn") {
        World world;
        world.put_webhook("s");
        for (int i = 0; i < 2'500; ++i) world.append("events/" + std::to_string(i));
        std::set<std::string> seen;
        int wakes = 0;
        while (!world.surroundings->attempts.empty()) {
            const auto wake = world.take_webhook();
            ++wakes;
            CHECK(wake["streams"].size() <= max_streams_per_wake);
            for (const auto& stream : wake["streams"]) seen.insert(stream["path"].get<std::string>());
            world.answer(wake, Outcome::Kind::done);
        }
        CHECK(seen.size() == 2'500);
        CHECK(wakes <= 5);
    }

    TEST_CASE("many streams wake exactly the subscriptions they concern, and a silent receiver holds up no other") {
        World world;
        constexpr int subscriptions = 200;
        for (int i = 0; i < subscriptions; ++i) {
            world.put_webhook("s" + std::to_string(i), {{"pattern", "tenant-" + std::to_string(i % 50) + "/**"}});
        }
        for (int i = 0; i < 50; ++i) {
            for (int stream = 0; stream < 4; ++stream) {
                world.append("tenant-" + std::to_string(i) + "/" + std::to_string(stream));
            }
        }
        REQUIRE(world.surroundings->attempts.size() == subscriptions);
        // Half of the receivers say nothing.
        auto attempts = std::exchange(world.surroundings->attempts, {});
        std::map<std::string, std::size_t> streams_of;
        while (!attempts.empty()) {
            for (const auto& attempt : attempts) {
                const auto wake = json::parse(attempt.body);
                const int number = std::stoi(attempt.subscription.substr(1));
                for (const auto& stream : wake["streams"]) {
                    CHECK(stream["path"].get<std::string>().starts_with("tenant-" + std::to_string(number % 50) + "/"));
                }
                streams_of[attempt.subscription] += wake["streams"].size();
                if (number % 2 == 0) world.answer(wake, Outcome::Kind::done);
            }
            attempts = std::exchange(world.surroundings->attempts, {});
        }
        for (int i = 0; i < subscriptions; i += 2) CHECK(streams_of["s" + std::to_string(i)] == 4);
    }

    TEST_CASE("the store's own streams wake nobody") {
        World world;
        world.put_webhook("s", {{"pattern", "**"}});
        world.put_webhook("t", {{"pattern", "*/*/*"}});
        CHECK(world.surroundings->attempts.empty());
        world.append("a");
        CHECK(world.take_webhook()["streams"].size() == 1);
    }

    TEST_CASE("of a stream is needed what the slowest subscription has not acknowledged, from its first look on") {
        World world;
        const auto needed = [&](const std::string& stream) -> std::optional<std::uint64_t> {
            const auto offset = world.engine->needed_from(world.store->head(stream).value());
            return offset ? std::optional(offset->value) : std::nullopt;
        };
        world.append("events/a");
        world.append("other");
        world.put_webhook("fast");
        world.create("wake");
        world.put_pull("slow");
        CHECK_FALSE(needed("events/a"));  // both begin at its tail
        REQUIRE(world.store
                    ->append({.stream = "events/new",
                              .messages = Messages::json("[1,2]").value(),
                              .create_with = StreamConfig{.content_type = "application/json"}})
                    .has_value());
        CHECK(needed("events/new") == 0);  // also before anything was linked
        world.settle();
        world.append("events/a");
        world.append("events/a");

        CHECK(needed("events/a") == 1);
        CHECK_FALSE(needed("other"));
        for (int i = 0; i < 2; ++i) world.answer(world.take_webhook(), Outcome::Kind::done);
        CHECK(needed("events/a") == 1);  // the slow one has not
        world.restart();
        CHECK(needed("events/a") == 1);
        CHECK(needed("events/new") == 0);
        world.request(Method::remove, "slow");
        CHECK_FALSE(needed("events/a"));
        world.request(Method::remove, "fast");
        CHECK_FALSE(needed("events/a"));
        CHECK(world.engine->counts().all == 0);
    }

    TEST_CASE("a stream of the name of one that is gone is needed from its own beginning") {
        World world;
        world.append("events/a");
        world.put_webhook("s");
        REQUIRE(world.store->remove("events/a").has_value());
        for (int i = 0; i < 3; ++i) world.append("events/a");

        CHECK(world.engine->needed_from(world.store->head("events/a").value()) == Offset{0});
        CHECK(world.engine->counts().all == 1);
        CHECK(world.engine->counts().failing == 0);
        world.answer(world.take_webhook(), Outcome::Kind::failed);
        CHECK(world.engine->counts().failing == 1);
    }

    TEST_CASE("a webhook carries the trace of the newest event that has one, when it is valid") {
        World world;
        const std::string first = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        const std::string second = "00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
        const auto event = [](const std::string& trace) {
            return R"({"type":"T","data":{},"meta":{"actor":"a","traceparent":")" + trace + R"("}})";
        };
        world.put_webhook("s");
        const auto sent = [&] {
            REQUIRE(world.surroundings->attempts.size() == 1);
            const auto trace = world.surroundings->attempts.front().traceparent;
            world.answer(world.take_webhook(), Outcome::Kind::done);
            return trace;
        };

        world.append("events/a", R"({"type":"T","data":{}})");
        CHECK(sent().empty());
        world.append("events/a", event(first));
        CHECK(sent() == first);
        world.append("events/b", event(second));
        CHECK(sent() == second);
        for (const auto* bad : {"", "x", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\\r\\nx: y",
                                "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}) {
            CAPTURE(bad);
            world.append("events/b", event(bad));
            CHECK(sent() == second);
        }
    }

    TEST_CASE("an idle engine writes nothing, whatever time passes") {
        World world;
        world.put_webhook("s");
        world.append("events/a");
        world.answer(world.take_webhook(), Outcome::Kind::done);
        world.pass(2s);
        world.append("events/a");
        world.answer(world.take_webhook(), Outcome::Kind::done);
        const auto tail = world.logs[0]->tail();
        for (int i = 0; i < 100; ++i) world.pass(1min);
        CHECK(world.logs[0]->tail() == tail);
    }

    TEST_CASE("streams in several logs wake a subscription, also those that grew while nobody looked") {
        World world({}, 3);
        world.put_webhook("s", {{"pattern", "**"}});
        std::set<std::string> streams;
        for (int i = 0; i < 8; ++i) streams.insert("tenant-" + std::to_string(i) + "/orders");
        const auto woken = [&] {
            std::set<std::string> seen;
            while (!world.surroundings->attempts.empty()) {
                const auto wake = world.take_webhook();
                for (const auto& stream : wake["streams"]) seen.insert(stream["path"].get<std::string>());
                world.answer(wake, Outcome::Kind::done);
            }
            return seen;
        };

        for (const auto& stream : streams) world.append(stream);
        CHECK(woken() == streams);
        world.engine->save_cursor();
        world.settle();
        world.engine.reset();
        for (const auto& stream : streams) {
            const std::string value = "2";
            REQUIRE(world.store->append({.stream = stream, .messages = Messages::trusted_json(std::span(&value, 1))})
                        .has_value());
        }
        world.restart();

        CHECK(woken() == streams);
        for (const auto& stream : streams) CHECK(world.acked("s", stream) == world.tail(stream));
        CHECK_FALSE(world.engine->needed_from(*world.store->head("tenant-0/orders")));
    }

    TEST_CASE("a wake stream in another log has the message of each wake, and of one that died with the process") {
        World world({}, 3);
        std::string wakes = "wakes";
        while (partition_of(wakes, 3) == partition_of("__ds", 3)) wakes += "x";
        world.create(wakes);
        REQUIRE(world.put_pull("s", {{"wake_stream", wakes}}).status == 201);

        const std::string value = "1";
        world.store->append({.stream = "events/a",
                             .messages = Messages::trusted_json(std::span(&value, 1)),
                             .create_with = StreamConfig{.content_type = "application/json"}},
                            [](const Result<Appended>&) {});
        for (world.run_logs(); world.read(wakes).empty(); world.run_logs()) REQUIRE(world.step());
        world.restart();

        REQUIRE(world.read(wakes).size() == 2);
        const auto claim = world.request(Method::post, "s/claim", {{"worker", "w"}}).body;
        CHECK(claim["generation"] == world.read(wakes)[1]["generation"]);
        CHECK(world.request(Method::post, "s/ack", all_done(claim), claim["token"]).status == 200);
        world.append("events/a");
        CHECK(world.read(wakes).size() == 3);
    }

    TEST_CASE("a wake stream in another log that takes no message is tried again later") {
        World world({}, 3);
        std::string wakes = "wakes";
        while (partition_of(wakes, 3) == partition_of("__ds", 3)) wakes += "x";
        REQUIRE(world.put_pull("s", {{"wake_stream", wakes}}).status == 201);
        world.append("events/a");
        CHECK(world.read(wakes).empty());

        world.create(wakes);
        for (int i = 0; i < 10 && world.read(wakes).empty(); ++i) world.pass(10s);

        CHECK(world.read(wakes).size() == 1);
    }
}
