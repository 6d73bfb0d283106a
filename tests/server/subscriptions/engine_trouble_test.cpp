#include "subscriptions/engine.hpp"

#include "unit/app/forwarding_store.hpp"
#include "world.hpp"

// A store that cannot be read for a while.

using namespace foldback;
using namespace foldback::server;
using namespace foldback::server::subscriptions;
using namespace std::chrono_literals;

namespace {

/// Of the log behind it nothing can be read when the test says so.
class Unreadable final : public app_tests::ForwardingStore {
public:
    using ForwardingStore::ForwardingStore;

    [[nodiscard]] FeedPage read_feed(const FeedRequest& request) override {
        break_if_asked_to();
        return behind().read_feed(request);
    }
    [[nodiscard]] Result<StreamInfo> head(const StreamPath& stream) override {
        break_if_asked_to();
        return behind().head(stream);
    }
    [[nodiscard]] StreamList list(const ListRequest& request) override {
        break_if_asked_to();
        return behind().list(request);
    }

    bool is_broken = false;

private:
    void break_if_asked_to() const {
        if (is_broken) throw StorageError("the device does not answer");
    }
};

struct Troubled : World {
    Troubled() {
        engine = std::make_unique<Engine>(unreadable, clock, keys, options, surroundings,
                                          std::vector<StreamStore*>{&unreadable});
        engine->start();
        settle();
    }
    ~Troubled() { engine.reset(); }

    Unreadable unreadable{*logs.front()};
};

}  // namespace

TEST_SUITE("subscription engine") {
    TEST_CASE("who asks for what cannot be read is told so, and is served when it can") {
        Troubled world;
        world.create("wake");
        world.put_pull("s");
        world.append("events/a");
        const json worker{{"worker", "w"}};

        world.unreadable.is_broken = true;
        const auto first = world.send(Method::post, "s/claim", worker);
        const auto second = world.send(Method::post, "s/claim", worker);
        const auto added = world.send(Method::post, "s/streams", {{"streams", {"events/b"}}});
        const auto made = world.send(Method::put, "t", {{"type", "pull-wake"}, {"pattern", "*"}, {"wake_stream", "w"}});
        world.settle();

        CHECK(first->status == 500);
        CHECK(first->body["error"]["code"] == "INTERNAL");
        CHECK(second->status == 500);
        CHECK(added->status == 500);
        CHECK(made->status == 500);
        CHECK_FALSE(world.surroundings->reports.empty());

        world.unreadable.is_broken = false;
        CHECK(world.request(Method::get, "t").status == 404);
        CHECK(world.request(Method::post, "s/claim", worker).status == 200);
        CHECK(world.request(Method::put, "t", {{"type", "pull-wake"}, {"pattern", "*"}, {"wake_stream", "w"}}).status ==
              201);
    }

    TEST_CASE("news that could not be read wakes when it can be, without other news") {
        Troubled world;
        world.put_webhook("s");
        world.unreadable.is_broken = true;
        world.append("events/a");
        CHECK(world.surroundings->attempts.empty());
        CHECK_FALSE(world.surroundings->reports.empty());

        world.unreadable.is_broken = false;
        world.pass(5s);

        CHECK(world.take_webhook()["streams"][0]["path"] == "events/a");
    }

    TEST_CASE("a wake that could not be begun because nothing could be read begins later") {
        Troubled world;
        world.put_webhook("s");
        world.append("events/a");
        const auto first = world.take_webhook();
        world.append("events/a");

        world.unreadable.is_broken = true;
        world.answer(first, Outcome::Kind::done);
        CHECK(world.surroundings->attempts.empty());
        world.unreadable.is_broken = false;
        world.pass(1s);

        CHECK(world.take_webhook()["generation"] == 2);
    }
}
