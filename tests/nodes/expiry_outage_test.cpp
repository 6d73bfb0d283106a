#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <utility>

#include "nodes/clocked_nodes.hpp"

/// Sliding expiry while the shared log is away or refuses, and on nodes that are broken.
namespace foldback::nodes {

TEST_CASE("while the log is away nothing is over, and what was read meanwhile is renewed when it is back") {
    Clocked nodes;
    create_for_a_minute(nodes.one, "read");
    create_for_a_minute(nodes.one, "idle");
    CHECK(head(nodes.other, "idle") == "accepted");
    nodes.advance(seconds{30});
    nodes.one.shared->away = nodes.other.shared->away = true;
    CHECK(head(nodes.other, "idle") == "accepted");
    nodes.advance(seconds{70});
    CHECK(read(nodes.one, "read") == "accepted");
    CHECK(head(nodes.other, "read") == "accepted");
    CHECK(head(nodes.other, "idle") == "accepted");
    nodes.work();

    nodes.advance(seconds{10});
    nodes.one.shared->away = nodes.other.shared->away = false;
    nodes.other.store->run_until_idle();
    CHECK(head(nodes.other, "read") == "accepted");
    nodes.advance(seconds{14});
    nodes.other.store->run_until_idle();
    nodes.one.store->run_until_idle();
    nodes.advance(seconds{1});
    nodes.work();

    CHECK(head(nodes.other, "read") == "accepted");
    CHECK(head(nodes.other, "idle") == "not_found");
    nodes.advance(seconds{35});
    CHECK(head(nodes.other, "read") == "not_found");
}

TEST_CASE("a renewal that fails is tried again") {
    for (const auto fault : {Fault::unavailable, Fault::unknown_and_done, Fault::unknown_and_not_done}) {
        Clocked nodes;
        create_for_a_minute(nodes.one);
        nodes.advance(seconds{30});
        CHECK(read(nodes.one) == "accepted");
        nodes.advance(seconds{25});
        nodes.one.shared->next_append = fault;
        nodes.one.store->run_until_idle();
        nodes.advance(milliseconds{100});
        nodes.one.store->run_until_idle();

        nodes.one.shared->away = true;
        nodes.advance(milliseconds{34'800});
        CHECK(head(nodes.other) == "accepted");
        nodes.advance(milliseconds{100});
        CHECK(head(nodes.other) == "not_found");
    }
}

TEST_CASE("a read whose renewal cannot be made is answered all the same, and renewed later") {
    Clocked nodes;
    create_for_a_minute(nodes.one);
    nodes.advance(seconds{57});
    nodes.one.shared->next_append = Fault::unavailable;

    CHECK(read(nodes.one) == "accepted");

    nodes.one.store->run_until_idle();
    nodes.advance(seconds{59});
    CHECK(head(nodes.other) == "accepted");
}

TEST_CASE("renewals are given up when their segment is rewritten") {
    Clocked nodes;
    create_for_a_minute(nodes.one);
    append(nodes.one, "s", "1");
    for (int i = 0; nodes.one.store->stats().segments < 4; ++i) {
        REQUIRE(i < 1000);
        nodes.advance(seconds{58});
        CHECK(read(nodes.one) == "accepted");
    }
    const auto before = nodes.one.store->stats().log_bytes;
    nodes.work();

    CHECK(nodes.one.store->stats().segments_rewritten > 0);
    CHECK(2 * nodes.one.store->stats().log_bytes < before);
    nodes.one.open();
    CHECK(head(nodes.one) == "accepted");
    CHECK(head(nodes.other) == "accepted");
}

TEST_CASE("where a write outlasts an outage, what was read elsewhere meanwhile is renewed before it is over") {
    for (const bool is_noticed : {true, false}) {
        Clocked nodes;
        create_for_a_minute(nodes.one);
        CHECK(head(nodes.other) == "accepted");
        nodes.advance(seconds{50});
        nodes.one.shared->away = true;
        CHECK(read(nodes.one) == "accepted");
        nodes.other.shared->before_append = [&] {
            nodes.other.shared->away = true;
            nodes.advance(seconds{14});
            if (is_noticed) CHECK_FALSE(nodes.other.store->run_one(LogStore::Work::expire));
            nodes.other.shared->away = false;
        };
        create(nodes.other, "another");
        nodes.other.store->run_until_idle();

        nodes.advance(seconds{4});
        nodes.one.shared->away = false;
        nodes.work();

        CHECK(head(nodes.other) == "accepted");
        CHECK(nodes.other.store->stats().streams == 2);
    }
}

TEST_CASE("a write that is tried while the log is away does not end what holds then") {
    Clocked nodes;
    create_for_a_minute(nodes.one);
    nodes.advance(seconds{50});
    nodes.one.shared->away = true;
    CHECK_THROWS_AS((void)nodes.one.store->append(of("s", "1")), StoreUnavailable);
    bool held = false;
    nodes.one.shared->away = false;
    nodes.one.shared->before_append = [&] {
        nodes.advance(seconds{30});
        held = !nodes.one.store->run_one(LogStore::Work::expire);
    };

    create(nodes.one, "another");

    CHECK(held);
}

TEST_CASE("a node that is broken calls nothing over by its own clock") {
    Clocked nodes;
    create_for_a_minute(nodes.one);
    const auto held = std::exchange(nodes.common->commits, {});
    CHECK_THROWS_AS((void)nodes.one.store->append(of("s", "1")), StorageError);
    nodes.common->commits = held;
    nodes.advance(seconds{100});

    CHECK(read(nodes.one) == "accepted");
    CHECK(head(nodes.one) == "accepted");
    CHECK(nodes.one.store->list({}).streams.size() == 1);
}

TEST_CASE("where nothing is done in the background, renewals that are refused are not tried again for ever") {
    Clocked nodes;
    create_for_a_minute(nodes.one);
    nodes.advance(seconds{30});
    CHECK(read(nodes.one) == "accepted");
    nodes.advance(seconds{25});
    int tried = 0;
    std::function<void()> fail = [&] {
        REQUIRE(++tried < 10);
        nodes.one.shared->next_append = Fault::unavailable;
        nodes.one.shared->before_append = fail;
    };
    nodes.one.shared->before_append = fail;

    nodes.one.store->run_until_idle();

    CHECK(tried == 1);
    nodes.one.shared->before_append = nullptr;
}

TEST_CASE("a read that renews may be made when a write has ended") {
    Clocked nodes;
    create_for_a_minute(nodes.one);
    create(nodes.one, "other");
    nodes.advance(seconds{58});
    std::string outcomes;
    for (int i = 0; i < 3; ++i) {
        nodes.one.store->append(of("other", std::to_string(i)), [&](const Result<Appended>& appended) {
            outcomes += answer(appended) + " " + read(nodes.one) + "\n";
        });
    }
    nodes.one.store->run_until_idle();

    CHECK(outcomes == "accepted accepted\naccepted accepted\naccepted accepted\n");
    CHECK(nodes.commits() == 4);
}

TEST_CASE("a stream with a time at which it expires is over by each node's clock, also while the log is away") {
    Clocked nodes;
    const auto at = nodes.one.clock.now() + seconds{60};
    REQUIRE(
        nodes.one.store->create({.stream = "s", .config = {.content_type = json_type, .expires_at = at}}).has_value());
    CHECK(head(nodes.other) == "accepted");
    nodes.other.shared->away = true;
    nodes.advance(milliseconds{59'999});
    CHECK(read(nodes.other) == "accepted");

    nodes.advance(milliseconds{1});

    CHECK(read(nodes.other) == "not_found");
    CHECK(head(nodes.other) == "not_found");
}

}  // namespace foldback::nodes
