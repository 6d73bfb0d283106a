#include <atomic>

#include "store_fixture.hpp"

namespace foldback::contract {
namespace {

/// Counts how often a watch called back.
struct Calls {
    std::atomic<int> count{0};
    std::function<void()> note() {
        return [this] { ++count; };
    }
};

}  // namespace

TEST_CASE("a watch calls back once when there is data beyond its offset") {
    on_every_store(needs_engine(), [](Fixture& at) {
        create_json(*at.store, "s");
        append_json(*at.store, "s", "1");
        Calls calls;
        const auto watch = at.store->watch("s", Offset{1}, calls.note());
        CHECK(calls.count == 0);
        CHECK(at.eventually([&] { return at.log->stats().watchers == 1; }));

        append_json(*at.store, "s", "2");
        append_json(*at.store, "s", "3");

        CHECK(at.eventually([&] { return calls.count == 1; }));
        CHECK(at.eventually([&] { return at.log->stats().watchers == 0; }));
    });
}

TEST_CASE("a watch calls back at once when there is data already") {
    on_every_store([](Fixture& at) {
        create_json(*at.store, "s");
        append_json(*at.store, "s", "1");
        Calls calls;

        const auto watch = at.store->watch("s", Offset{0}, calls.note());

        CHECK(at.eventually([&] { return calls.count == 1; }));
    });
}

TEST_CASE("a watch beyond what comes waits on") {
    on_every_store([](Fixture& at) {
        create_json(*at.store, "s");
        Calls calls;
        const auto watch = at.store->watch("s", Offset{2}, calls.note());

        append_json(*at.store, "s", "[1,2]");
        CHECK(calls.count == 0);
        append_json(*at.store, "s", "3");

        CHECK(at.eventually([&] { return calls.count == 1; }));
    });
}

TEST_CASE("a watch calls back when its stream is closed") {
    on_every_store([](Fixture& at) {
        create_json(*at.store, "s");
        Calls calls;
        const auto watch = at.store->watch("s", Offset{0}, calls.note());

        REQUIRE(at.store->append({.stream = "s", .close = true}));

        CHECK(at.eventually([&] { return calls.count == 1; }));
    });
}

TEST_CASE("a watch calls back when its stream is deleted, also when forks keep its data") {
    on_every_store(needs({Capability::forks}), [](Fixture& at) {
        create_json(*at.store, "s");
        create_json(*at.store, "source");
        fork_at(*at.store, "source", Offset{0}, "fork");
        Calls calls;
        Calls source_calls;
        const auto watch = at.store->watch("s", Offset{0}, calls.note());
        const auto source_watch = at.store->watch("source", Offset{0}, source_calls.note());

        REQUIRE(at.store->remove("s"));
        REQUIRE(at.store->remove("source"));

        CHECK(at.eventually([&] { return calls.count == 1; }));
        CHECK(at.eventually([&] { return source_calls.count == 1; }));
    });
}

TEST_CASE("a watch calls back when its stream expires") {
    on_every_store(needs_engine(), [](Fixture& at) {
        REQUIRE(at.store->create({.stream = "s", .config = {.ttl = std::chrono::seconds{60}}}));
        Calls calls;
        const auto watch = at.store->watch("s", Offset{0}, calls.note());

        at.clock.advance(std::chrono::seconds{60});

        CHECK(at.eventually([&] { return calls.count == 1; }));
    });
}

TEST_CASE("a watch on a stream that is closed, deleted or was never there calls back at once") {
    on_every_store(needs({Capability::forks}), [](Fixture& at) {
        create_json(*at.store, "closed");
        REQUIRE(at.store->append({.stream = "closed", .close = true}));
        create_json(*at.store, "source");
        fork_at(*at.store, "source", Offset{0}, "fork");
        REQUIRE(at.store->remove("source"));
        Calls calls;

        const auto closed = at.store->watch("closed", Offset{0}, calls.note());
        CHECK(at.eventually([&] { return calls.count == 1; }));
        const auto gone = at.store->watch("source", Offset{0}, calls.note());
        CHECK(at.eventually([&] { return calls.count == 2; }));
        const auto never = at.store->watch("never", Offset{0}, calls.note());
        CHECK(at.eventually([&] { return calls.count == 3; }));
    });
}

TEST_CASE("a watch that ended is not called back") {
    on_every_store(needs_engine(), [](Fixture& at) {
        create_json(*at.store, "s");
        Calls calls;
        { const auto watch = at.store->watch("s", Offset{0}, calls.note()); }
        auto stopped = at.store->watch("s", Offset{0}, calls.note());
        stopped.stop();
        auto kept = at.store->watch("s", Offset{0}, calls.note());
        kept = Watch();

        append_json(*at.store, "s", "1");

        CHECK(calls.count == 0);
        CHECK(at.eventually([&] { return at.log->stats().watchers == 0; }));
    });
}

TEST_CASE("every watch of a stream is called back, those of others are not") {
    on_every_store([](Fixture& at) {
        create_json(*at.store, "s");
        create_json(*at.store, "t");
        Calls calls;
        Calls others;
        std::vector<Watch> watches;
        for (int i = 0; i < 10; ++i) watches.push_back(at.store->watch("s", Offset{0}, calls.note()));
        watches.push_back(at.store->watch("t", Offset{0}, others.note()));

        append_json(*at.store, "s", "1");

        CHECK(at.eventually([&] { return calls.count == 10; }));
        CHECK(others.count == 0);
    });
}

TEST_CASE("a watch may watch again from its callback") {
    on_every_store([](Fixture& at) {
        create_json(*at.store, "s");
        Calls again;
        Watch second;
        const auto first =
            at.store->watch("s", Offset{0}, [&] { second = at.store->watch("s", Offset{1}, again.note()); });

        append_json(*at.store, "s", "1");
        CHECK(again.count == 0);
        append_json(*at.store, "s", "2");

        CHECK(at.eventually([&] { return again.count == 1; }));
    });
}

TEST_CASE("a watch on the feed calls back once when the store's tail is beyond") {
    on_every_store(needs({Capability::store_order}), [](Fixture& at) {
        create_json(*at.store, "s");
        Calls calls;
        const auto watch = at.store->watch_feed(Position{1}, calls.note());

        append_json(*at.store, "s", "1");
        create_json(*at.store, "t");
        CHECK(calls.count == 0);
        append_json(*at.store, "t", "2");
        append_json(*at.store, "t", "3");

        CHECK(at.eventually([&] { return calls.count == 1; }));
    });
}

TEST_CASE("a watch on the feed calls back at once when the tail is beyond") {
    on_every_store(needs({Capability::store_order}), [](Fixture& at) {
        create_json(*at.store, "s");
        append_json(*at.store, "s", "1");
        Calls calls;

        const auto watch = at.store->watch_feed(Position{0}, calls.note());

        CHECK(at.eventually([&] { return calls.count == 1; }));
    });
}

TEST_CASE("a watch may outlive the store") {
    on_every_store(needs_engine(), [](Fixture& at) {
        create_json(*at.store, "s");
        Calls calls;
        auto watch = at.store->watch("s", Offset{0}, calls.note());
        auto feed_watch = at.store->watch_feed(Position{0}, calls.note());
        at.close();

        watch.stop();
        feed_watch.stop();

        CHECK(calls.count == 0);
    });
}

}  // namespace foldback::contract
