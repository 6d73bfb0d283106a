#include "foldback/store/archive.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "nodes/archived.hpp"
#include "nodes/state_text.hpp"

/// The archive of a shared log in memory, step by step, in a directory and in a bucket.
namespace foldback::nodes {
TEST_CASE_TEMPLATE("segments are archived when they are sealed, and the one that is appended to is not", Where,
                   InDirectory, InBucket) {
    Archived<Where> log;

    log.archive_all();

    REQUIRE(log.sealed() > 3);
    CHECK(log.archived().size() == log.sealed());
    CHECK(log.trouble.empty());
}

TEST_CASE_TEMPLATE("a node that begins with nothing takes what is archived from there, and the rest from the log",
                   Where, InDirectory, InBucket) {
    Archived<Where> log;
    log.archive_all();
    const auto sealed = static_cast<int>(log.sealed());
    log.append("later");

    const auto node = log.new_node();

    CHECK(log.segments_taken == sealed);
    CHECK(state_of(*node) == state_of(*log.node));
    CHECK(log.trouble.empty());
}

TEST_CASE_TEMPLATE("what is moved to the archive is gone from the log but for the seals, and new nodes have it all",
                   Where, InDirectory, InBucket) {
    Archived<Where> log;
    const auto commits = log.common->commits.size();

    log.archive_all(2);

    CHECK(log.segments->first_held() == log.sealed() - 1);
    CHECK(log.common->commits.size() < commits);
    CHECK(state_of(*log.new_node()) == state_of(*log.node));
    CHECK_THROWS_AS((void)log.new_node(nullptr), CommitsMissing);
}

TEST_CASE_TEMPLATE("a node that was away while segments were moved goes on from the archive, also when it runs", Where,
                   InDirectory, InBucket) {
    Archived<Where> log(4);
    const auto copy = make_memory_device();
    (void)log.node_over(copy, log.where.place());
    const auto running = log.new_node();
    for (int i = 0; i < 40; ++i) log.append("more");
    log.archive_all(1);

    const auto again = log.node_over(copy, log.where.place());

    CHECK(state_of(*again) == state_of(*log.node));
    CHECK(state_of(*running) == state_of(*log.node));
    REQUIRE(log.node->create({.stream = "b"}).has_value());
    CHECK(again->head("b").has_value());
}

TEST_CASE_TEMPLATE("a node that appends where segments were moved meanwhile is overtaken", Where, InDirectory,
                   InBucket) {
    Archived<Where> log(0);
    const auto empty = log.new_node();
    (void)empty->tail();
    for (int i = 0; i < 40; ++i) log.append("more");
    log.archive_all(1);

    REQUIRE(empty->create({.stream = "b"}).value().created);

    CHECK(state_of(*empty) == state_of(*log.node));
}

TEST_CASE_TEMPLATE("a damaged segment of the archive is told of and taken from the log", Where, InDirectory, InBucket) {
    Archived<Where> log;
    log.archive_all();
    damage(log.where, "0000000002.segment");

    const auto node = log.new_node();

    CHECK(log.has_told("segment 2 is not taken from the archive"));
    CHECK(log.segments_taken == 1);
    CHECK(state_of(*node) == state_of(*log.node));
}

TEST_CASE("an archive that cannot be read at any moment does not keep a node from beginning with the log") {
    for (int calls = 0; calls < 60; ++calls) {
        CAPTURE(calls);
        Archived<InDirectory> log(25);
        log.archive_all();
        log.before_open = [&] { log.where.device->set_faults({.read_fails = 1.0 / (1 + calls)}); };

        CHECK(state_of(*log.new_node()) == state_of(*log.node));
    }
}

TEST_CASE_TEMPLATE(
    "a segment that was cut short, or is of another log, is not taken, and replaced before anything is removed", Where,
    InDirectory, InBucket) {
    for (const std::size_t kept_bytes : {std::size_t{5'000}, SIZE_MAX}) {
        Archived<Where> log;
        Archived<Where> other(40, "other ");
        log.archive_all();
        other.archive_all();
        log.where.set("0000000001.segment", other.where.contents("0000000001.segment").substr(0, kept_bytes));

        CHECK(state_of(*log.new_node()) == state_of(*log.node));
        CHECK(log.has_told("segment 1 is not taken from the archive"));

        log.archive_all(1);
        CHECK(log.segments->first_held() == log.sealed());
        CHECK(state_of(*log.new_node()) == state_of(*log.node));
        const auto names = log.where.names();
        CHECK(std::ranges::any_of(names, [](const auto& name) { return name.ends_with(".aside"); }));
    }
}

TEST_CASE_TEMPLATE("before anything is removed from the log the archive is read back, and made whole again", Where,
                   InDirectory, InBucket) {
    Archived<Where> log;
    log.archive_all();
    damage(log.where, "0000000001.segment");

    log.archive_all(1);

    CHECK(log.has_told("is damaged"));
    log.trouble.clear();
    CHECK(state_of(*log.new_node()) == state_of(*log.node));
    CHECK(log.trouble.empty());
}

TEST_CASE_TEMPLATE(
    "a segment that is damaged in the archive and gone from the log is said to be missing, and nothing is made up",
    Where, InDirectory, InBucket) {
    Archived<Where> log;
    log.archive_all(1);
    damage(log.where, "0000000002.segment");

    CHECK_THROWS_AS((void)log.new_node(), CommitsMissing);
    CHECK(log.has_told("segment 2 is not taken from the archive"));
    log.where.remove("0000000002.segment");
    CHECK_THROWS_AS((void)log.new_node(), CommitsMissing);
    for (int i = 0; i < 20; ++i) log.append("more");
    log.archive_all(1);

    CHECK(log.archived().size() == log.sealed() - 1);
}

TEST_CASE_TEMPLATE("what the log itself has damaged is not archived, and nothing is said of the archive", Where,
                   InDirectory, InBucket) {
    Archived<Where> log;
    log.common->commits.at(2).bytes.back() ^= 1;

    log.archive_all();

    CHECK(log.has_told("segment 1 could not be archived: the log has it damaged"));
    CHECK_FALSE(log.has_told(".segment"));
    CHECK(log.archived().size() == log.sealed() - 1);
}

TEST_CASE_TEMPLATE("an archive of another log, segments without one, and an empty place in the archive's are refused",
                   Where, InDirectory, InBucket) {
    Archived<Where> log;
    log.archive_all(1);
    Archived<Where> other;
    other.common->origin.name = "fedcba9876543210";

    CHECK_THROWS_WITH_AS((void)other.new_node(log.where.place()), doctest::Contains("archive of another log"),
                         StorageError);
    log.where.remove("FORMAT");
    CHECK_THROWS_WITH_AS((void)log.new_node(), doctest::Contains("is no archive"), StorageError);
    CHECK_THROWS_WITH_AS((void)log.new_archiver(), doctest::Contains("is no archive"), StorageError);
    log.where = Where();
    CHECK_THROWS_WITH_AS(log.archive_all(), doctest::Contains("not the archive"), StorageError);
    CHECK(log.archived().empty());
}

TEST_CASE("a store is not taken for an archive, nor an archive for a store") {
    Archived<InDirectory> log;
    log.archive_all(1);
    const auto store = make_memory_device();
    (void)LogStore::over(store, {.background_threads = false})->create({.stream = "a"});

    CHECK_THROWS_WITH_AS((void)log.new_node(place_on(store)), doctest::Contains("store of its own"), StorageError);
    CHECK_THROWS_WITH_AS((void)LogStore::over(log.where.device, {.background_threads = false}),
                         doctest::Contains("archive of a log"), StorageError);
}

TEST_CASE_TEMPLATE("one node archives at a time, and another one goes on where it ended", Where, InDirectory,
                   InBucket) {
    Archived<Where> log;
    const auto first = log.new_archiver(1);
    REQUIRE(first->run_one());
    log.segments->another_leads = true;

    CHECK_FALSE(first->run_one());
    CHECK(log.archived().size() == 1);

    log.segments->another_leads = false;
    log.archive_all(1);
    CHECK(log.archived().size() == log.sealed());
}

TEST_CASE_TEMPLATE("a removal that ends in the middle is finished the next time, and nodes do not notice", Where,
                   InDirectory, InBucket) {
    Archived<Where> log;
    const auto archiver = log.new_archiver(1);
    log.segments->next_remove_ends_after = 3;
    const auto run = [&] {
        while (archiver->run_one()) {
        }
    };
    CHECK_THROWS_AS(run(), StoreUnavailable);

    CHECK(state_of(*log.new_node()) == state_of(*log.node));
    log.archive_all(1);
    CHECK(log.segments->first_held() == log.sealed());
    CHECK(state_of(*log.new_node()) == state_of(*log.node));
}

TEST_CASE("wherever the archiver's process or machine dies, every commit is in the log or in the archive") {
    for (const bool power_is_lost : {false, true}) {
        bool was_done = false;
        for (std::uint64_t calls = 0; !was_done; ++calls) {
            CAPTURE(power_is_lost);
            CAPTURE(calls);
            Archived<InDirectory> log(25);
            const auto state = state_of(*log.node);
            log.where.device->lose_power_after(calls);
            try {
                log.archive_all(1);
                was_done = true;
            } catch (const StorageError&) {
                log.trouble.clear();
            }
            power_is_lost ? log.where.device->crash() : log.where.device->kill();

            CHECK(state_of(*log.new_node()) == state);

            log.archive_all(1);
            log.where.device->crash();
            CHECK(log.trouble.empty());
            CHECK(log.where.names().size() == 1 + log.sealed());
            CHECK(log.segments->first_held() == log.sealed());
            CHECK(state_of(*log.new_node()) == state);
        }
    }
}

}  // namespace foldback::nodes
