#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "foldback/store/log_store.hpp"
#include "log/device.hpp"
#include "nodes/memory_node.hpp"
#include "nodes/state_text.hpp"
#include "support/environment.hpp"
#include "support/memory_shared_log.hpp"
#include "support/temporary_directory.hpp"

/// Nodes that share a log, one step at a time, over a log in memory that fails when told to.
namespace foldback::nodes {

TEST_CASE("what one node has acknowledged, the other reads") {
    Pair nodes;

    create(nodes.one, "a");
    append(nodes.one, "a", "[1,2]");

    CHECK(messages_of(nodes.other, "a") == "1,2");
    CHECK(nodes.other.store->head("a").value().tail.offset == Offset{2});
}

TEST_CASE("a node that is overtaken decides again") {
    Pair nodes;
    create(nodes.one, "a");
    nodes.one.shared->before_append = [&] { append(nodes.other, "a", "1"); };

    const auto appended = nodes.one.store->append(of("a", "2")).value();

    CHECK(appended.first.offset == Offset{1});
    CHECK(messages_of(nodes.one, "a") == "1,2");
    CHECK(state_of(*nodes.one.store) == state_of(*nodes.other.store));
}

TEST_CASE("a node that was overtaken takes turns, and folds what others append while it waits") {
    Pair nodes;
    create(nodes.one, "a");
    append(nodes.one, "a", "1");
    CHECK(nodes.one.shared->turns == 0);
    nodes.one.shared->before_append = [&] { append(nodes.other, "a", "2"); };
    append(nodes.one, "a", "3");
    std::uint64_t folded_in_line = 0;
    nodes.one.shared->in_line = [&](const auto& meanwhile) {
        append(nodes.other, "a", "4");
        const auto before = nodes.one.store->stats().commits;
        meanwhile();
        folded_in_line = nodes.one.store->stats().commits - before;
    };

    append(nodes.one, "a", "5");

    CHECK(nodes.one.shared->turns == 1);
    CHECK_FALSE(nodes.one.shared->has_turn);
    CHECK(folded_in_line == 1);
    CHECK(messages_of(nodes.one, "a") == "1,2,3,4,5");
    CHECK(nodes.other.shared->turns == 0);
}

TEST_CASE("a turn is for eight groups, and a node that appends without a pause lines up after as many") {
    Pair nodes;
    create(nodes.one, "a");
    std::vector<bool> had_turn;
    std::function<void()> next = [&] {
        nodes.one.store->append(of("a", "1"), [&](const Result<Appended>& outcome) {
            REQUIRE(outcome.has_value());
            had_turn.push_back(nodes.one.shared->has_turn);
            if (had_turn.size() < 26) next();
        });
    };

    next();
    nodes.one.store->run_until_idle();

    std::vector<bool> expected;
    for (std::size_t group = 0; group < 26; ++group) expected.push_back(group / 8 % 2 == 1);
    CHECK(had_turn == expected);
    CHECK_FALSE(nodes.one.shared->has_turn);
}

TEST_CASE("without the shared log there is no turn, and the append says what is wrong") {
    Pair nodes;
    create(nodes.one, "a");
    nodes.one.shared->before_append = [&] { append(nodes.other, "a", "1"); };
    append(nodes.one, "a", "2");
    nodes.one.shared->in_line = [&](const auto& meanwhile) {
        nodes.one.shared->away = true;
        meanwhile();
    };

    CHECK_THROWS_AS((void)nodes.one.store->append(of("a", "3")), StoreUnavailable);

    nodes.one.shared->away = false;
    append(nodes.one, "a", "4");
    CHECK(messages_of(nodes.one, "a") == "1,2,4");
}

TEST_CASE("of two nodes that expect the same offset, one wins") {
    Pair nodes;
    create(nodes.one, "a");
    auto request = of("a", "1");
    request.expected = Offset{0};
    nodes.one.shared->before_append = [&] { CHECK(answer(nodes.other.store->append(request)) == "accepted"); };

    CHECK(answer(nodes.one.store->append(request)) == "offset_mismatch");

    CHECK(messages_of(nodes.one, "a") == "1");
}

TEST_CASE("a producer's message that another node took is a duplicate, and so is known there") {
    Pair nodes;
    create(nodes.one, "a");
    auto request = of("a", "1");
    request.producer = Producer{"p", 0, 0};

    CHECK_FALSE(nodes.one.store->append(request).value().duplicate);
    CHECK(nodes.other.store->append(request).value().duplicate);

    CHECK(messages_of(nodes.one, "a") == "1");
}

TEST_CASE("a refusal is about the log's end, not about what a node has folded") {
    Pair nodes;
    create(nodes.one, "a");
    append(nodes.one, "a", "1");
    auto request = of("a", "2");
    request.expected = Offset{1};

    CHECK(answer(nodes.other.store->append(request)) == "accepted");
    CHECK(answer(nodes.one.store->append(request)) == "offset_mismatch");
    REQUIRE(nodes.one.store->remove("a").has_value());
    CHECK(answer(nodes.other.store->append(of("a", "3"))) == "not_found");
}

TEST_CASE("an append whose outcome is unknown is told so, and is there once if it was made") {
    for (const auto fault : {Fault::unknown_and_done, Fault::unknown_and_not_done}) {
        Pair nodes;
        create(nodes.one, "a");
        nodes.one.shared->next_append = fault;

        CHECK_THROWS_AS((void)nodes.one.store->append(of("a", "1")), OutcomeUnknown);

        CHECK(messages_of(nodes.one, "a") == (fault == Fault::unknown_and_done ? "1" : ""));
        append(nodes.one, "a", "2");
        CHECK(state_of(*nodes.one.store) == state_of(*nodes.other.store));
    }
}

TEST_CASE("while the shared log is away, a node answers reads and refuses writes, and then goes on") {
    Pair nodes;
    create(nodes.one, "a");
    append(nodes.one, "a", "1");
    nodes.one.shared->away = true;

    CHECK_THROWS_AS((void)nodes.one.store->append(of("a", "2")), StoreUnavailable);
    CHECK(messages_of(nodes.one, "a") == "1");
    CHECK(nodes.one.store->list({}).streams.size() == 1);

    nodes.one.shared->away = false;
    append(nodes.one, "a", "3");
    CHECK(messages_of(nodes.other, "a") == "1,3");
}

TEST_CASE("a watcher is told of what another node appends") {
    Pair nodes;
    create(nodes.one, "a");
    CHECK(messages_of(nodes.other, "a").empty());
    bool stream_told = false;
    bool feed_told = false;
    const auto stream = nodes.other.store->watch("a", Offset{0}, [&] { stream_told = true; });
    const auto feed = nodes.other.store->watch_feed(Position{0}, [&] { feed_told = true; });

    append(nodes.one, "a", "1");
    nodes.other.store->run_until_idle();

    CHECK(stream_told);
    CHECK(feed_told);
}

TEST_CASE("segments begin at the same places on every node, and a new node gets them all") {
    Pair nodes;
    create(nodes.one, "a");
    const std::string body = '"' + std::string(3'000, 'x') + '"';
    for (int i = 0; i < 20; ++i) append(i % 3 == 0 ? nodes.other : nodes.one, "a", body);
    append(nodes.one, "a", '"' + std::string(40'000, 'y') + '"');

    Node late(nodes.common);

    CHECK(late.store->stats().segments > 4);
    CHECK(late.store->stats().segments == nodes.one.store->stats().segments);
    CHECK(state_of(*late.store) == state_of(*nodes.one.store));
}

TEST_CASE("a node that learned of a segment's end and not of the next one's beginning appends nothing in between") {
    Pair nodes;
    create(nodes.one, "a");
    CHECK(messages_of(nodes.other, "a").empty());
    append(nodes.one, "a", '"' + std::string(40'000, 'y') + '"');
    nodes.other.shared->next_read_ends_after = 1;
    CHECK_THROWS_AS((void)nodes.other.store->head("a"), StoreUnavailable);

    append(nodes.other, "a", "2");

    CHECK_FALSE(nodes.other.store->stats().broken);
    CHECK(nodes.one.store->head("a").value().tail.offset == Offset{2});
    Node late(nodes.common);
    CHECK(state_of(*late.store) == state_of(*nodes.other.store));
}

TEST_CASE("a node that starts again fetches only what it lacks") {
    Pair nodes;
    create(nodes.one, "a");
    append(nodes.one, "a", "1");
    nodes.one.store.reset();
    append(nodes.other, "a", "2");

    nodes.one.open();

    CHECK(nodes.one.report.copy_discarded_because.empty());
    CHECK(messages_of(nodes.one, "a") == "1,2");
}

TEST_CASE("a copy that lost what was not flushed, even behind what its index knows, is fetched again") {
    auto common = std::make_shared<test::SharedCommits>(segment_bytes);
    Node node(common);
    const test::TemporaryDirectory directory;
    node.index_file = directory.path() / "index.db";
    node.open();
    create(node, "a");
    for (int i = 0; i < 5; ++i) append(node, "a", "[1,2,3]");
    node.store->run_until_idle();
    const auto state = state_of(*node.store);
    node.store.reset();
    const std::string zeros(200, '\0');
    node.device->open("0000000001.segment", LogDevice::Open::read_write)
        ->write_at(4096 + 300, std::as_bytes(std::span(zeros)));

    node.open();

    CHECK_FALSE(node.report.copy_discarded_because.empty());
    CHECK(state_of(*node.store) == state);
}

TEST_CASE(
    "what a node wrote ahead of an answer is nothing, whether another commit comes in its place or it starts again") {
    const std::string large = '"' + std::string(9'000, 'x') + '"';
    for (const bool rival_is_first : {true, false}) {
        Pair nodes;
        create(nodes.one, "a");
        if (rival_is_first) nodes.one.shared->before_append = [&] { append(nodes.other, "a", "1"); };
        nodes.one.shared->next_append = Fault::unknown_and_not_done;
        CHECK_THROWS_AS((void)nodes.one.store->append(of("a", large)), OutcomeUnknown);
        if (rival_is_first) CHECK(messages_of(nodes.one, "a") == "1");

        nodes.one.open();

        CHECK(nodes.one.report.torn_bytes > 0);
        CHECK(nodes.one.report.copy_discarded_because.empty());
        append(nodes.one, "a", large);
        CHECK(messages_of(nodes.one, "a") == (rival_is_first ? "1," : "") + large);
        CHECK(state_of(*nodes.one.store) == state_of(*nodes.other.store));
    }
}

TEST_CASE("a large commit that others overtake again and again is there once") {
    Pair nodes;
    create(nodes.one, "a");
    const std::string large = '"' + std::string(5'000, 'x') + '"';
    std::string expected;
    for (int i = 0; i < 5; ++i) {
        const std::string rival(static_cast<std::size_t>(i) * 1'000 + 1, '1');
        nodes.one.shared->before_append = [&] { append(nodes.other, "a", rival); };
        append(nodes.one, "a", large);
        expected += (i == 0 ? "" : ",") + rival + ',' + large;
    }

    CHECK(messages_of(nodes.one, "a") == expected);
    nodes.one.open();
    CHECK(nodes.one.report.copy_discarded_because.empty());
    CHECK(state_of(*nodes.one.store) == state_of(*nodes.other.store));
}

TEST_CASE("a node whose shared log lost commits stops writing, and takes over what there is when it starts again") {
    Pair nodes;
    create(nodes.one, "a");
    append(nodes.one, "a", "1");
    CHECK(messages_of(nodes.other, "a") == "1");
    nodes.common->commits.pop_back();

    CHECK_THROWS_AS((void)nodes.one.store->append(of("a", "2")), StorageError);
    CHECK(nodes.one.store->stats().broken);
    nodes.one.open();

    CHECK_FALSE(nodes.one.report.copy_discarded_because.empty());
    CHECK(messages_of(nodes.one, "a").empty());
    append(nodes.one, "a", "2");
    CHECK(messages_of(nodes.one, "a") == "2");
}

TEST_CASE("a store of its own is not taken for a copy, nor a copy for a store, nor that of another log") {
    auto common = std::make_shared<test::SharedCommits>(segment_bytes);
    const auto own = make_memory_device();
    (void)LogStore::over(own, {.background_threads = false})->create({.stream = "a"});
    Node node(common);
    create(node, "a");
    node.store.reset();
    auto another = std::make_shared<test::SharedCommits>(segment_bytes);
    another->origin.name = "fedcba9876543210";
    const auto open = [&](const std::shared_ptr<test::SharedCommits>& log, const std::shared_ptr<LogDevice>& device) {
        (void)LogStore::over_shared(std::make_shared<MemorySharedLog>(log), device, node.options());
    };

    CHECK_THROWS_WITH_AS(open(common, own), doctest::Contains("store of its own"), StorageError);
    CHECK_THROWS_WITH_AS((void)LogStore::over(node.device, node.options()),
                         doctest::Contains("copy of a log that nodes share"), StorageError);
    CHECK_THROWS_WITH_AS(open(another, node.device), doctest::Contains("copy of another log"), StorageError);

    node.open();
    CHECK(node.report.copy_discarded_because.empty());
    CHECK(messages_of(node, "a").empty());
}

namespace {

/// Three nodes, producers that retry what they do not know, faults and restarts, all by a seed.
void run_history(std::uint64_t seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const auto below = [&](std::uint64_t bound) { return random() % bound; };
    auto common = std::make_shared<test::SharedCommits>(segment_bytes);
    std::vector<std::unique_ptr<Node>> nodes;
    for (int i = 0; i < 3; ++i) nodes.push_back(std::make_unique<Node>(common));
    const std::vector<std::string> paths{"s/0", "s/1", "s/2"};
    for (const auto& path : paths) create(*nodes[0], path);

    struct Writer {
        std::uint64_t seq = 0;
        std::size_t acknowledged = 0;
    };
    std::map<std::string, Writer> writers;
    for (int step = 0; step < 300; ++step) {
        auto& node = *nodes[below(3)];
        auto& rival = *nodes[below(3)];
        const auto& path = paths[below(paths.size())];
        if (below(20) == 0) {
            node.device = below(3) == 0 ? make_memory_device() : node.device;
            node.open();
        }
        const auto fault = below(10);
        if (fault < 3) node.shared->next_append = static_cast<Fault>(fault + 1);
        if (&rival != &node && below(3) == 0) {
            node.shared->before_append = [&] { (void)rival.store->append(of(paths[below(3)], "\"rival\"")); };
        }
        auto& writer = writers[path];
        auto request = of(path, '"' + path + ' ' + std::to_string(writer.seq) + std::string(below(400), '.') + '"');
        request.producer = Producer{"p", 0, writer.seq};
        try {
            if (!node.store->append(request)) FAIL("refused");
            ++writer.seq;
        } catch (const StoreUnavailable&) {
        } catch (const OutcomeUnknown&) {
        }
        if (below(8) == 0) node.store->run_until_idle();
    }
    const auto state = state_of(*nodes[0]->store);
    for (const auto& node : nodes) CHECK(state_of(*node->store) == state);
    Node late(common);
    CHECK(state_of(*late.store) == state);
    for (const auto& [path, writer] : writers) {
        std::uint64_t expected = 0;
        const auto page = late.store->read({.stream = path, .max_bytes = 10 << 20}).value();
        for (const auto& message : page) {
            if (message.data == "\"rival\"") continue;
            const auto start = '"' + path + ' ' + std::to_string(expected++);
            CHECK(std::string(message.data).starts_with(start));
        }
        CHECK(expected >= writer.seq);
        CHECK(expected <= writer.seq + 1);
    }
}

}  // namespace

TEST_CASE("nodes that fail, restart and overtake each other lose and double nothing, and end the same") {
    const auto only = test::number_from("FOLDBACK_SEED", 0);
    const auto seeds = 20 * test::number_from("FOLDBACK_ROUNDS", 1);
    for (auto seed = only > 0 ? only : 1; seed <= (only > 0 ? only : seeds); ++seed) run_history(seed);
}

}  // namespace foldback::nodes
