#include <doctest/doctest.h>

#include <functional>
#include <vector>

#include "nodes/clocked_nodes.hpp"

/// PROTOCOL §5.1, Stream-TTL, where several nodes read: a read on one of them counts on all.
namespace foldback::nodes {

TEST_CASE("a stream that is read on one node alone is over on none") {
    Clocked nodes;
    create_for_a_minute(nodes.other);

    for (int i = 0; i < 100; ++i) {
        nodes.advance(seconds{5});
        CHECK(read(nodes.one) == "accepted");
        nodes.work();
        CHECK(head(nodes.other) == "accepted");
    }
    CHECK(nodes.other.store->stats().streams == 1);

    nodes.advance(milliseconds{59'999});
    nodes.work();
    CHECK(head(nodes.one) == "accepted");
    CHECK(head(nodes.other) == "accepted");
    nodes.advance(milliseconds{1});
    nodes.work();
    CHECK(nodes.one.store->stats().streams == 0);
    CHECK(nodes.other.store->stats().streams == 0);
}

TEST_CASE("a stream that nobody uses is over on all nodes at once") {
    Clocked nodes;
    create_for_a_minute(nodes.one);
    nodes.advance(milliseconds{59'999});
    nodes.work();
    CHECK(head(nodes.one) == "accepted");
    CHECK(head(nodes.other) == "accepted");

    nodes.advance(milliseconds{1});

    CHECK(head(nodes.one) == "not_found");
    CHECK(read(nodes.other) == "not_found");
    CHECK(nodes.commits() == 2);
}

TEST_CASE("however often it is read, a stream is renewed about once in its time to live") {
    Clocked nodes;
    create_for_a_minute(nodes.one);
    const auto before = nodes.commits();

    for (int i = 0; i < 6000; ++i) {
        nodes.advance(milliseconds{100});
        CHECK(read(nodes.one) == "accepted");
        (void)nodes.one.store->run_one(LogStore::Work::expire);
        (void)nodes.one.store->run_one(LogStore::Work::commit);
    }

    CHECK(nodes.commits() - before >= 10);
    CHECK(nodes.commits() - before <= 12);
}

TEST_CASE("streams that are due together are renewed in one commit") {
    Clocked nodes;
    for (int i = 0; i < 100; ++i) create_for_a_minute(nodes.one, "s/" + std::to_string(i));
    nodes.advance(seconds{30});
    for (int i = 0; i < 100; ++i) CHECK(read(nodes.one, "s/" + std::to_string(i)) == "accepted");
    const auto before = nodes.commits();

    nodes.advance(seconds{25});
    nodes.work();
    CHECK(nodes.commits() == before + 1);

    nodes.advance(seconds{34});
    nodes.work();
    CHECK(nodes.other.store->list({}).streams.size() == 100);
    nodes.advance(seconds{1});
    nodes.work();
    CHECK(nodes.other.store->list({}).streams.empty());
}

TEST_CASE("reads of a stream that is written to in time cost no commit") {
    Clocked nodes;
    create_for_a_minute(nodes.one);
    const auto before = nodes.commits();

    for (int i = 0; i < 20; ++i) {
        nodes.advance(seconds{20});
        append(nodes.other, "s", "1");
        nodes.advance(seconds{20});
        CHECK(read(nodes.one) == "accepted");
        nodes.work();
    }

    CHECK(nodes.commits() == before + 20);
}

TEST_CASE("a read shortly before the end is answered when its renewal is in the log") {
    Clocked nodes;
    create_for_a_minute(nodes.one);
    nodes.advance(seconds{58});
    const auto before = nodes.commits();

    CHECK(read(nodes.one) == "accepted");
    CHECK(nodes.commits() == before + 1);

    nodes.one.shared->away = true;
    nodes.advance(seconds{59});
    nodes.other.store->run_until_idle();
    CHECK(head(nodes.other) == "accepted");
    nodes.advance(seconds{1});
    nodes.other.store->run_until_idle();
    CHECK(head(nodes.other) == "not_found");
}

TEST_CASE("what restarts nothing on one node restarts nothing on others") {
    Clocked nodes;
    create_for_a_minute(nodes.one);
    nodes.advance(seconds{58});
    const auto before = nodes.commits();

    CHECK(head(nodes.one) == "accepted");
    CHECK(nodes.one.store->list({}).streams.size() == 1);
    CHECK(answer(nodes.one.store->read({.stream = "s", .renews_ttl = false})) == "accepted");
    nodes.work();

    CHECK(nodes.commits() == before);
    nodes.advance(seconds{2});
    CHECK(head(nodes.one) == "not_found");
}

TEST_CASE("a deletion that a renewal overtakes is decided again") {
    Clocked nodes;
    create_for_a_minute(nodes.one);
    nodes.other.clock.advance(milliseconds{10});
    nodes.advance(milliseconds{59'990});
    nodes.other.shared->before_append = [&] { CHECK(read(nodes.one) == "accepted"); };

    nodes.other.store->run_until_idle();

    CHECK(head(nodes.other) == "accepted");
    CHECK(nodes.other.store->stats().streams == 1);
    nodes.advance(milliseconds{59'000});
    CHECK(head(nodes.other) == "accepted");
    CHECK(head(nodes.one) == "accepted");
}

TEST_CASE("a stream that a renewal saves is not created anew") {
    Clocked nodes;
    create_for_a_minute(nodes.one);
    append(nodes.one, "s", "1");
    nodes.other.clock.advance(milliseconds{10});
    nodes.advance(milliseconds{59'990});
    nodes.other.shared->before_append = [&] { CHECK(read(nodes.one) == "accepted"); };

    const auto created =
        nodes.other.store->create({.stream = "s", .config = {.content_type = json_type, .ttl = seconds{60}}});

    CHECK_FALSE(created.value().created);
    CHECK(messages_of(nodes.other, "s") == "1");
}

TEST_CASE("what one node has called over is over on the others, whose clocks are behind") {
    const std::vector<std::function<std::string(Node&)>> ways{
        [](Node& node) { return head(node); },
        [](Node& node) { return read(node); },
        [](Node& node) { return answer(node.store->append(of("s", "1"))); },
        [](Node& node) { return answer(node.store->remove("s")); },
        [](Node& node) { return answer(node.store->truncate_before("s", Offset{0})); },
    };
    for (const auto& way : ways) {
        Clocked nodes;
        create_for_a_minute(nodes.one);
        nodes.other.clock.advance(seconds{2});
        nodes.advance(seconds{58});

        CHECK(way(nodes.other) == "not_found");

        CHECK(read(nodes.one) == "not_found");
    }
}

TEST_CASE("a source that one node has found expired is gone for all, and what forks it has keep its data") {
    Clocked nodes;
    create_for_a_minute(nodes.one, "source");
    append(nodes.one, "source", "[1,2]");
    const auto fork = [](Node& node, std::string_view path) {
        return answer(node.store->create({.stream = path,
                                          .config = {.content_type = {}, .ttl = seconds{600}},
                                          .fork = ForkFrom{.source = "source"}}));
    };
    REQUIRE(fork(nodes.one, "fork") == "accepted");
    nodes.advance(seconds{40});
    CHECK(read(nodes.one, "fork") == "accepted");
    nodes.advance(seconds{20});

    CHECK(fork(nodes.other, "late") == "source_gone");

    nodes.work();
    CHECK(head(nodes.one, "source") == "gone");
    CHECK(messages_of(nodes.one, "fork") == "1,2");
    nodes.advance(seconds{600});
    nodes.work();
    CHECK(nodes.other.store->stats().streams == 0);
}

TEST_CASE("a live reader on one node keeps the stream on all, and until a window after it left") {
    Clocked nodes;
    create_for_a_minute(nodes.one);
    auto kept = nodes.one.store->keep_alive("s");
    const auto before = nodes.commits();
    for (int i = 0; i < 600; ++i) {
        nodes.advance(seconds{1});
        nodes.work();
    }
    CHECK(head(nodes.other) == "accepted");
    CHECK(nodes.commits() - before <= 12);

    kept.stop();
    nodes.work();
    nodes.one.store.reset();
    nodes.advance(milliseconds{59'999});
    nodes.other.store->run_until_idle();
    CHECK(head(nodes.other) == "accepted");
    nodes.advance(milliseconds{1});
    CHECK(head(nodes.other) == "not_found");
}

TEST_CASE("a renewal changes nothing of a stream but its time") {
    Clocked nodes;
    create_for_a_minute(nodes.one);
    append(nodes.one, "s", "[1,2,3]");
    REQUIRE(nodes.one.store->truncate_before("s", Offset{1}).has_value());
    CHECK(head(nodes.other) == "accepted");
    bool told = false;
    const auto watch = nodes.other.store->watch("s", Offset{3}, [&] { told = true; });
    nodes.advance(seconds{58});
    CHECK(read(nodes.one) == "accepted");

    const auto info = nodes.other.store->head("s").value();
    CHECK(info.tail.offset == Offset{3});
    CHECK(info.first == Offset{1});
    CHECK_FALSE(info.closed);
    CHECK_FALSE(told);
    append(nodes.other, "s", "4");
    CHECK(messages_of(nodes.one, "s") == "2,3,4");
    CHECK(nodes.one.store->read_feed({}).messages.size() == 3);
    CHECK(nodes.one.store->tail() == Position{4});
}

TEST_CASE("a store whose log is its own writes no renewals") {
    ManualClock clock;
    const auto store = LogStore::in_memory({.clock = &clock, .background_threads = false});
    REQUIRE(store->create({.stream = "s", .config = {.content_type = json_type, .ttl = seconds{60}}}).has_value());

    for (int i = 0; i < 100; ++i) {
        clock.advance(seconds{58});
        CHECK(store->read({.stream = "s"}).has_value());
        store->run_until_idle();
    }

    CHECK(store->stats().commits == 1);
}

}  // namespace foldback::nodes
