#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <vector>

#include "nodes/memory_node.hpp"
#include "support/environment.hpp"
#include "support/temporary_directory.hpp"

/// PROTOCOL §5.1, Stream-TTL, where several nodes read: a read on one of them counts on all.
namespace foldback::nodes {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Two nodes whose clocks go together.
struct Clocked : Pair {
    void advance(milliseconds by) {
        one.clock.advance(by);
        other.clock.advance(by);
    }
    /// The work that nobody waits for, on both.
    void work() const {
        one.store->run_until_idle();
        other.store->run_until_idle();
    }
    [[nodiscard]] std::size_t commits() const { return common->commits.size(); }
};

void create_for(Node& node, std::string_view path, seconds ttl) {
    REQUIRE(node.store->create({.stream = path, .config = {.content_type = json_type, .ttl = ttl}}).value().created);
}
void create_for_a_minute(Node& node, std::string_view path = "s") { create_for(node, path, seconds{60}); }

std::string read(Node& node, std::string_view path = "s") { return answer(node.store->read({.stream = path})); }
std::string head(Node& node, std::string_view path = "s") { return answer(node.store->head(path)); }

}  // namespace

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
    nodes.advance(seconds{1});
    nodes.one.store->run_until_idle();
    nodes.advance(seconds{5});
    nodes.work();

    CHECK(head(nodes.other, "read") == "accepted");
    CHECK(head(nodes.other, "idle") == "not_found");
    nodes.advance(seconds{44});
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

        nodes.one.shared->away = true;
        nodes.advance(seconds{34});
        CHECK(head(nodes.other) == "accepted");
        nodes.advance(seconds{1});
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

TEST_CASE("a node that ends in order tells what was read there, and one that dies does not") {
    for (const bool in_order : {true, false}) {
        Clocked nodes;
        create_for_a_minute(nodes.one);
        nodes.advance(seconds{30});
        CHECK(read(nodes.one) == "accepted");

        nodes.one.shared->away = !in_order;
        nodes.one.store.reset();

        nodes.advance(seconds{30});
        CHECK(head(nodes.other) == (in_order ? "accepted" : "not_found"));
        nodes.advance(seconds{30});
        CHECK(head(nodes.other) == "not_found");
    }
}

TEST_CASE("time during which no node ran does not count") {
    Clocked nodes;
    create_for_a_minute(nodes.one);
    nodes.one.store.reset();
    nodes.other.store.reset();
    nodes.advance(std::chrono::hours{5});

    nodes.one.open();
    nodes.advance(milliseconds{59'999});
    nodes.one.store->run_until_idle();
    CHECK(head(nodes.one) == "accepted");
    nodes.advance(milliseconds{1});
    CHECK(head(nodes.one) == "not_found");
}

TEST_CASE("a node that starts again knows what was renewed, from its index and without") {
    for (const bool has_index : {true, false}) {
        Clocked nodes;
        const test::TemporaryDirectory directory;
        if (has_index) nodes.other.index_file = directory.path() / "index.db";
        nodes.other.open();
        create_for_a_minute(nodes.one);
        nodes.advance(seconds{50});
        CHECK(read(nodes.one) == "accepted");
        nodes.advance(seconds{6});
        nodes.work();
        CHECK(head(nodes.other) == "accepted");

        nodes.other.open();
        const auto before = nodes.commits();
        nodes.advance(seconds{2});
        CHECK(read(nodes.other) == "accepted");

        CHECK(nodes.commits() == before);  // it is over in 52 seconds: nobody has to be told
        nodes.one.store.reset();
        nodes.advance(seconds{59});
        CHECK(head(nodes.other) == "accepted");
    }
}

TEST_CASE("a node that starts again takes no read of its own for one that all know of") {
    Clocked nodes;
    const test::TemporaryDirectory directory;
    nodes.one.index_file = directory.path() / "index.db";
    nodes.one.open();
    create_for_a_minute(nodes.one);
    nodes.advance(seconds{50});
    CHECK(read(nodes.one) == "accepted");
    REQUIRE(nodes.one.store->run_one(LogStore::Work::checkpoint));
    nodes.one.shared->away = true;  // it dies
    nodes.one.open();
    const auto before = nodes.commits();
    nodes.advance(seconds{7});

    CHECK(read(nodes.one) == "accepted");

    CHECK(nodes.commits() == before + 1);
}

TEST_CASE("idle streams that a starting node lets begin anew do not keep it from finding those that are over") {
    Node node(std::make_shared<test::SharedCommits>(1 << 20));
    const test::TemporaryDirectory directory;
    node.index_file = directory.path() / "index.db";
    node.open();
    for (int i = 0; i < 5000; ++i) {
        node.store->create({.stream = "long/" + std::to_string(i), .config = {.ttl = seconds{3600}}},
                           [](const Result<Created>&) {});
    }
    node.clock.advance(seconds{700});  // the index would have its end behind those of the others
    create_for(node, "short", seconds{3000});
    node.store->run_until_idle();
    node.store.reset();
    node.clock.advance(seconds{7200});

    node.open();
    node.clock.advance(seconds{3001});
    for (int i = 0; i < 3; ++i) node.store->run_until_idle();

    CHECK(node.store->stats().streams == 5000);
    node.clock.advance(seconds{600});
    for (int i = 0; i < 3; ++i) node.store->run_until_idle();
    CHECK(node.store->stats().streams == 0);
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

TEST_CASE("renewals are given up when their segment is rewritten") {
    Clocked nodes;
    create_for_a_minute(nodes.one);
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

namespace {

/// What clients of a stream were told, and when, by a clock that all believe to know.
class Told {
public:
    void used(milliseconds now) {
        last_use_ = now;
        CHECK_MESSAGE(!over_, "it is there again");
    }
    /// `slack`: how far clocks are from one another.
    void over(milliseconds now, milliseconds ttl, milliseconds slack) {
        over_ = true;
        CHECK(now - last_use_ >= ttl - slack);
    }
    void there(milliseconds now, milliseconds ttl, milliseconds slack) const {
        CHECK_MESSAGE(!over_, "it is there again");
        CHECK(now - last_use_ <= ttl + slack);
    }
    [[nodiscard]] bool is_over() const noexcept { return over_; }

private:
    milliseconds last_use_{0};
    bool over_ = false;
};

/// Three nodes whose clocks differ by up to `skew`, and clients who come and go, until all streams are over.
void run_history(std::uint64_t seed, milliseconds skew) {
    CAPTURE(seed);
    CAPTURE(skew.count());
    constexpr seconds ttl{8};  // a margin of two seconds
    constexpr milliseconds step{50};
    std::mt19937_64 random(seed);
    const auto below = [&](std::uint64_t bound) { return random() % bound; };
    auto common = std::make_shared<test::SharedCommits>(segment_bytes);
    std::vector<std::unique_ptr<Node>> nodes;
    for (int i = 0; i < 3; ++i) {
        nodes.push_back(std::make_unique<Node>(common));
        nodes.back()->clock.advance(milliseconds{below(static_cast<std::uint64_t>(skew.count()) + 1)});
    }
    std::vector<Told> streams(4);
    for (std::size_t i = 0; i < streams.size(); ++i) create_for(*nodes[0], std::to_string(i), ttl);
    milliseconds now{0};
    for (int i = 0; i < 1500; ++i) {
        now += step;
        for (const auto& node : nodes) node->clock.advance(step);
        if (below(3) == 0) {
            // Some streams are used here, others there, and all less and less.
            const auto which = below(streams.size());
            auto& node = *nodes[below(2) == 0 ? which % nodes.size() : below(nodes.size())];
            const auto path = std::to_string(which);
            auto& told = streams[which];
            const bool reads = below(1 + static_cast<std::uint64_t>(i) / 20) == 0;
            const auto answered = reads && below(10) == 0 ? answer(node.store->append(of(path, "1")))
                                  : reads                 ? read(node, path)
                                                          : head(node, path);
            if (answered != "accepted")
                told.over(now, ttl, skew);
            else if (reads)
                told.used(now);
            else
                told.there(now, ttl, skew);
        }
        for (const auto& node : nodes) {
            if (below(2) == 0) node->store->run_until_idle();
        }
    }
    now += ttl + skew;
    for (const auto& node : nodes) node->clock.advance(ttl + skew);
    for (const auto& node : nodes) node->store->run_until_idle();
    for (const auto& node : nodes) CHECK(node->store->list({}).streams.empty());
}

}  // namespace

TEST_CASE("whoever reads where, a stream is over a time to live after its last use, and stays so") {
    const auto only = test::number_from("FOLDBACK_SEED", 0);
    const auto seeds = 20 * test::number_from("FOLDBACK_ROUNDS", 1);
    for (auto seed = only > 0 ? only : 1; seed <= (only > 0 ? only : seeds); ++seed) {
        run_history(seed, milliseconds{0});
        run_history(seed, milliseconds{1'000});
    }
}

}  // namespace foldback::nodes
