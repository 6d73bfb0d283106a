#include <doctest/doctest.h>

#include "nodes/clocked_nodes.hpp"
#include "support/temporary_directory.hpp"

/// Sliding expiry when nodes end and start.
namespace foldback::nodes {

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

TEST_CASE("a node whose machine has just started knows how long before that a stream was used") {
    for (const bool has_index : {true, false}) {
        Clocked nodes;
        const test::TemporaryDirectory directory;
        create_for_a_minute(nodes.one);
        nodes.advance(seconds{57});
        Node young(nodes.common, nodes.one.clock.now());
        if (has_index) young.index_file = directory.path() / "index.db";
        young.open();
        (void)young.store->run_one(LogStore::Work::checkpoint);
        young.open();
        const auto before = nodes.commits();

        CHECK(read(young) == "accepted");

        CHECK(nodes.commits() == before + 1);  // the others would find it idle in three seconds
        nodes.advance(seconds{59});
        CHECK(head(nodes.one) == "accepted");
    }
}

TEST_CASE("a node that ends in order waits for renewals that are on their way") {
    Clocked nodes;
    create_for_a_minute(nodes.one);
    nodes.advance(seconds{30});
    CHECK(read(nodes.one) == "accepted");
    nodes.advance(seconds{25});
    REQUIRE(nodes.one.store->run_one(LogStore::Work::expire));

    nodes.one.store.reset();

    nodes.advance(seconds{34});
    CHECK(head(nodes.other) == "accepted");
}

}  // namespace foldback::nodes
