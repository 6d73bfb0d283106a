#include "fault/power_loss.hpp"

#include <doctest/doctest.h>

#include "support/environment.hpp"

/// Power lost at every disk operation of the real device and of SQLite. A failure names its seed; FOLDBACK_SEED runs that
/// one alone (choose the case with -tc), FOLDBACK_ROUNDS runs as many times the seeds.
namespace foldback::fault {
namespace {

using Work = LogStore::Work;

/// Stores so small that a story of a hundred writes has several segments and checkpoints.
/// Each case has seeds of its own: `first` on.
void survives(std::uint64_t first, const LogStoreOptions& options, const Script& script, unsigned states = 7) {
    const auto only = test::number_from("FOLDBACK_SEED", 0);
    const auto seeds = only != 0 ? 1 : test::number_from("FOLDBACK_ROUNDS", 1);
    for (std::uint64_t i = 0; i < seeds; ++i) {
        const auto seed = only != 0 ? only : first + i;
        const auto story = tell(seed, options, script);
        const auto found = PowerLoss(*story, seed).run(states);
        MESSAGE("seed ", seed, ": ", story->disk_operations.size(), " disk operations, ", story->moments.size() - 1,
                " acknowledgements, ", found.states, " states, ", found.rebuilt, " indexes rebuilt, ", found.torn,
                " torn commits, ", found.in_recovery, " losses while opening");
        REQUIRE_MESSAGE(found.failure.empty(), found.failure);
        CHECK(found.states > story->disk_operations.size());
    }
}

void appends(Teller& teller) {
    teller.create({.stream = "events", .config = {.content_type = "application/json"}});
    teller.create({.stream = "bytes"});
    for (int i = 0; i < 60; ++i) {
        teller.append({.stream = "events", .messages = teller.json(1 + teller.random()() % 5, 40)});
        teller.append({.stream = "bytes", .messages = Messages::bytes(teller.text(teller.random()() % 1500))});
        if (i % 20 == 7)
            teller.append_all({{.stream = "events", .messages = teller.json(2, 100)},
                               {.stream = "bytes", .messages = Messages::bytes(teller.text(9000))}});
        if (i % 9 == 8) teller.work(Work::checkpoint);
    }
}

}  // namespace

TEST_CASE("appended messages outlive the power") { survives(1100, small_store(), appends); }

TEST_CASE("a disk that does not sync files is noticed") {
    const auto story = tell(1, small_store(), appends);
    CHECK(PowerLoss(*story, 1, {.ignores_file_syncs = true}).run(0).failure != "");
}

TEST_CASE("a disk that does not sync directories is noticed") {
    const auto story = tell(1, small_store(), appends);
    CHECK(PowerLoss(*story, 1, {.ignores_directory_syncs = true}).run(0).failure != "");
}

TEST_CASE("what a store knows of producers outlives the power") {
    survives(1200, small_store(), [](Teller& teller) {
        teller.create({.stream = "events", .config = {.content_type = "application/json"}});
        std::uint64_t seq[4] = {};
        std::uint64_t epoch[4] = {};
        for (int i = 0; i < 90; ++i) {
            const auto who = teller.random()() % 4;
            const auto dice = teller.random()() % 10;
            const auto send = [&](std::uint64_t with_epoch, std::uint64_t with_seq) {
                teller.append({.stream = "events",
                               .messages = teller.json(1 + who, 60),
                               .producer = Producer{"writer-" + std::to_string(who), with_epoch, with_seq}});
            };
            if (dice == 0) {
                ++epoch[who];
                seq[who] = 0;
            }
            send(epoch[who], seq[who]);
            if (dice == 1) send(epoch[who], seq[who]);                            // a duplicate
            if (dice == 2) send(epoch[who], seq[who] + 5);                        // a gap
            if (dice == 3 && epoch[who] > 0) send(epoch[who] - 1, seq[who] + 1);  // fenced
            ++seq[who];
            if (i % 17 == 16) teller.work(Work::checkpoint);
        }
    });
}

TEST_CASE("forks and their sources outlive the power") {
    survives(1300, small_store(), [](Teller& teller) {
        for (int round = 0; round < 12; ++round) {
            const auto name = "source-" + std::to_string(round);
            teller.create({.stream = name, .config = {.content_type = "application/json"}});
            teller.append({.stream = name, .messages = teller.json(10, 80)});
            teller.create({.stream = name + "/fork",
                           .config = {.content_type = {}},
                           .initial = teller.json(1, 20),
                           .fork = ForkFrom{.source = name, .sub_offset = teller.random()() % 11}});
            teller.append({.stream = name, .messages = teller.json(3, 300)});
            teller.append({.stream = name + "/fork", .messages = teller.json(2, 300)});
            if (round % 3 == 0) teller.remove(name);
            if (round % 3 == 1) teller.remove(name + "/fork");
            if (round % 4 == 2) teller.work(Work::checkpoint);
            if (round % 4 == 3) teller.work(Work::rewrite);
        }
    });
}

TEST_CASE("a closed stream stays closed when the power fails") {
    survives(1400, small_store(), [](Teller& teller) {
        for (int i = 0; i < 30; ++i) {
            const auto name = "stream-" + std::to_string(i);
            teller.create({.stream = name, .config = {.content_type = "application/json"}, .closed = i % 7 == 3});
            teller.append({.stream = name, .messages = teller.json(2, 200), .stream_seq = "a"});
            if (i % 3 == 0) teller.append({.stream = name, .close = true});
            if (i % 3 == 1)
                teller.append({.stream = name,
                               .messages = teller.json(1, 100),
                               .producer = Producer{"closer", 0, 0},
                               .close = true});
            teller.append({.stream = name, .messages = teller.json(1, 10), .stream_seq = "a"});
            if (i % 5 == 4) teller.work(Work::checkpoint);
        }
    });
}

TEST_CASE("a deleted stream stays deleted when the power fails, and a new one of its name new") {
    survives(1500, small_store(), [](Teller& teller) {
        for (int i = 0; i < 40; ++i) {
            const auto name = "stream-" + std::to_string(i % 6);
            teller.create({.stream = name, .config = {.content_type = "application/json"}});
            teller.append({.stream = name, .messages = teller.json(3, 150)});
            if (i % 2 == 0) teller.remove(name);
            if (i % 8 == 5) teller.work(Work::checkpoint);
            if (i % 8 == 7) teller.work(Work::rewrite);
        }
    });
}

TEST_CASE("truncated and rewritten segments keep what is retained when the power fails") {
    survives(1600, small_store(), [](Teller& teller) {
        teller.create({.stream = "a", .config = {.content_type = "application/json"}});
        teller.create({.stream = "b", .config = {.content_type = "application/json"}});
        std::uint64_t tail = 0;
        for (int i = 0; i < 60; ++i) {
            teller.append({.stream = "a", .messages = teller.json(4, 200)});
            teller.append(
                {.stream = "b", .messages = teller.json(1, 50), .producer = Producer{"p", 0, std::uint64_t(i)}});
            tail += 4;
            // What is kept begins in the middle of a record, in a segment that may be rewritten.
            const auto kept = 10 + teller.random()() % 90;
            if (i % 8 == 7 && tail > kept) teller.truncate("a", tail - kept);
            if (i % 10 == 9) {
                teller.work(Work::checkpoint);
                while (teller.random()() % 3 != 0) teller.work(Work::rewrite);
            }
        }
    });
}

TEST_CASE("expired streams stay expired when the power fails") {
    survives(1700, small_store(), [](Teller& teller) {
        for (int i = 0; i < 25; ++i) {
            StreamConfig config{.content_type = "application/json"};
            if (i % 3 == 0) config.ttl = std::chrono::seconds{30};
            teller.create({.stream = "stream-" + std::to_string(i), .config = config, .initial = teller.json(2, 200)});
            if (i % 4 == 3) teller.expire_after(std::chrono::seconds{20});
            if (i % 6 == 5) teller.work(Work::checkpoint);
        }
    });
}

TEST_CASE("a store opened many times outlives the power") {
    survives(1800, small_store(), [](Teller& teller) {
        for (int life = 0; life < 6; ++life) {
            for (int i = 0; i < 8; ++i) teller.random_operation();
            teller.reopen();
        }
    });
}

TEST_CASE("whatever a store does outlives the power") {
    auto options = small_store();
    options.segment_bytes = 64 << 10;
    survives(1900, options, [](Teller& teller) {
        for (int i = 0; i < 150; ++i) {
            teller.random_operation();
            if (i % 13 == 12) teller.work(Work::checkpoint);
            if (i % 29 == 28) teller.work(Work::rewrite);
        }
    });
}

TEST_CASE("a store that works in the background outlives the power") {
    auto options = small_store();
    options.background_threads = true;
    survives(2000, options, appends);
}

}  // namespace foldback::fault
