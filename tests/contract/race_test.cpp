#include <atomic>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

#include "store_fixture.hpp"
#include "support/environment.hpp"

/// Threads against each other, with checkpoints and rewriting as often as possible. Meant to be run under
/// ThreadSanitizer, too.
namespace foldback::contract {
namespace {

constexpr std::chrono::seconds patience{30};

std::uint64_t rounds_of(std::uint64_t count) { return count * test::number_from("FOLDBACK_ROUNDS", 1); }

LogStoreOptions busy() {
    LogStoreOptions options;
    options.segment_bytes = 128 * 1024;
    options.checkpoint_bytes = 8 * 1024;
    options.max_resident_streams = 4;
    options.rewrite_dead_fraction = 0.1;
    return options;
}

/// Set once, awaited with patience.
class Signal {
public:
    void set() {
        const std::lock_guard lock(mutex_);
        set_ = true;
        changed_.notify_all();
    }
    [[nodiscard]] bool await() {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, patience, [this] { return set_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool set_ = false;
};

/// Runs maintenance without a pause until it is destroyed.
class Maintenance {
public:
    explicit Maintenance(LogStore& store) : thread_([this, &store] { run(store); }) {}
    ~Maintenance() {
        stop_ = true;
        thread_.join();
    }

private:
    void run(LogStore& store) {
        while (!stop_) {
            store.run_one(LogStore::Work::checkpoint);
            store.run_one(LogStore::Work::rewrite);
            store.run_one(LogStore::Work::expire);
        }
    }

    std::atomic<bool> stop_{false};
    std::thread thread_;
};

void on_every_busy_store(const StoreTest& test) {
    for (const auto place : {Place::memory, Place::directory}) {
        Fixture fixture(place, Driven::by_threads, busy());
        test(fixture);
    }
}

}  // namespace

TEST_CASE("no watch of a stream is ever lost") {
    on_every_busy_store([](Fixture& at) {
        const auto rounds = rounds_of(3000);
        create_json(*at.store, "s");
        std::atomic<std::uint64_t> seen{0};
        std::thread writer([&] {
            for (std::uint64_t i = 0; i < rounds; ++i) {
                while (seen < i) std::this_thread::yield();
                append_json(*at.store, "s", "1");
            }
        });

        // The writer waits for each message to be seen, so a call that is lost is never made up for. Now and then it gets
        // a head start, so that the watch begins at any moment of its commit.
        bool lost = false;
        for (std::uint64_t i = 0; i < rounds && !lost; ++i) {
            for (std::uint64_t turns = i * i % 4096; turns > 0; --turns) (void)at.clock.now();
            const auto signal = std::make_shared<Signal>();
            const auto watch = at.store->watch("s", Offset{i}, [signal] { signal->set(); });
            lost = !signal->await();
            CHECK(at.store->head("s").value().tail.offset == Offset{i + 1});
            seen = lost ? rounds : i + 1;
        }
        writer.join();

        CHECK_FALSE(lost);
        MESSAGE(rounds, " watches in threads");
    });
}

TEST_CASE("no watch is lost of many that begin while a message is committed") {
    on_every_busy_store([](Fixture& at) {
        const auto rounds = rounds_of(100);
        constexpr std::size_t max_watches = 100'000;
        create_json(*at.store, "s");
        for (std::uint64_t i = 0; i < rounds; ++i) {
            std::thread writer([&] { append_json(*at.store, "s", "1"); });
            // So close together that the commit falls into the beginning of one of them.
            std::vector<std::pair<std::shared_ptr<Signal>, Watch>> watches;
            while (watches.size() < max_watches &&
                   (watches.size() % 16 != 0 || at.store->head("s").value().tail.offset == Offset{i})) {
                auto signal = std::make_shared<Signal>();
                auto watch = at.store->watch("s", Offset{i}, [signal] { signal->set(); });
                watches.emplace_back(std::move(signal), std::move(watch));
            }
            writer.join();

            bool lost = false;
            for (const auto& [signal, watch] : watches) lost = lost || !signal->await();
            REQUIRE_FALSE(lost);
        }
    });
}

TEST_CASE("no watch of the feed is ever lost") {
    on_every_busy_store([](Fixture& at) {
        const auto rounds = rounds_of(3000);
        create_json(*at.store, "s");
        std::atomic<std::uint64_t> seen{0};
        std::thread writer([&] {
            for (std::uint64_t i = 0; i < rounds; ++i) {
                while (seen < i) std::this_thread::yield();
                append_json(*at.store, "s", "1");
            }
        });

        bool lost = false;
        for (std::uint64_t i = 0; i < rounds && !lost; ++i) {
            const auto signal = std::make_shared<Signal>();
            const auto watch = at.store->watch_feed(Position{i}, [signal] { signal->set(); });
            lost = !signal->await();
            seen = lost ? rounds : i + 1;
        }
        writer.join();

        CHECK_FALSE(lost);
        MESSAGE(rounds, " watches in threads");
    });
}

TEST_CASE("a listing misses no acknowledged stream, whatever is being saved") {
    on_every_busy_store([](Fixture& at) {
        const Maintenance maintenance(*at.log);
        std::size_t missing = 0;
        for (int i = 0; i < 150; ++i) {
            create_json(*at.store, "s/" + std::to_string(1000 + i));
            for (int again = 0; again < 3; ++again) {
                missing += static_cast<std::size_t>(i) + 1 - at.store->list({}).streams.size();
            }
        }

        CHECK(missing == 0);
    });
}

TEST_CASE("reads find their data while segments are rewritten and streams truncated") {
    on_every_busy_store([](Fixture& at) {
        create_text(*at.store, "kept");
        create_text(*at.store, "truncated");
        std::string kept;
        std::atomic<std::uint64_t> length{0};
        std::mutex mutex;
        std::atomic<bool> done{false};
        const Maintenance maintenance(*at.log);
        std::thread reader([&] {
            while (!done) {
                const auto sure = length.load();
                const auto all = all_bytes(*at.store, "kept");
                const std::lock_guard lock(mutex);
                CHECK(all.size() >= sure);
                CHECK((kept.starts_with(all) || all.starts_with(kept)));
            }
        });
        std::thread truncated_reader([&] {
            while (!done) {
                const auto page = at.store->read({.stream = "truncated", .from = FromStart{}});
                CHECK((page.has_value() || page.error().reason == Refusal::truncated));
                const auto back =
                    at.store->read({.stream = "truncated", .from = FromTail{}, .direction = Direction::backward});
                CHECK(back.has_value());
            }
        });

        for (unsigned i = 0; i < 120; ++i) {
            const auto data = pattern(3000, i);
            {
                const std::lock_guard lock(mutex);
                kept += data;
            }
            append_text(*at.store, "kept", data);
            length += data.size();
            append_text(*at.store, "truncated", pattern(9000, i));
            REQUIRE(at.store->truncate_before("truncated", at.store->head("truncated").value().tail.offset));
        }
        done = true;
        reader.join();
        truncated_reader.join();

        CHECK((all_bytes(*at.store, "kept") == kept));
        CHECK(at.eventually([&] { return at.log->stats().segments_rewritten > 0; }));
    });
}

TEST_CASE("the feed is complete and in order while segments are rewritten") {
    on_every_busy_store([](Fixture& at) {
        create_json(*at.store, "kept");
        create_text(*at.store, "truncated");
        std::atomic<bool> done{false};
        const Maintenance maintenance(*at.log);
        std::thread reader([&] {
            std::mt19937_64 random(3);
            while (!done) {
                std::uint64_t next = 0;
                Position from;
                for (bool more = true; more;) {
                    const auto page =
                        at.store->read_feed({.from = from, .prefix = "kept", .max_bytes = random() % 20'000});
                    for (const auto& message : page.messages) CHECK(message.offset.offset.value == next++);
                    from = page.next;
                    more = !page.up_to_date;
                }
            }
        });

        for (unsigned i = 0; i < 150; ++i) {
            append_json(*at.store, "kept", '"' + std::string(500, 'x') + '"');
            append_text(*at.store, "truncated", pattern(9000, i));
            REQUIRE(at.store->truncate_before("truncated", at.store->head("truncated").value().tail.offset));
        }
        done = true;
        reader.join();

        CHECK(feed_of(*at.store, "kept").size() == 150);
    });
}

TEST_CASE("of many writers that expect the same offset exactly one wins each time") {
    on_every_busy_store([](Fixture& at) {
        create_json(*at.store, "s");
        std::atomic<std::uint64_t> won{0};
        std::vector<std::thread> writers;
        for (int writer = 0; writer < 4; ++writer) {
            writers.emplace_back([&] {
                for (std::uint64_t offset = 0; offset < 100;) {
                    const auto result =
                        at.store->append({.stream = "s", .messages = json("1"), .expected = Offset{offset}});
                    won += result.has_value() ? 1 : 0;
                    offset = result.has_value() ? offset + 1 : result.error().tail.offset.value;
                }
            });
        }
        for (auto& writer : writers) writer.join();

        CHECK(at.store->head("s").value().tail.offset == Offset{won});
        CHECK(won >= 100);
    });
}

TEST_CASE("everything at once neither fails nor loses an acknowledged message") {
    on_every_busy_store([](Fixture& at) {
        const Maintenance maintenance(*at.log);
        std::atomic<bool> done{false};
        std::vector<std::thread> threads;
        std::array<std::atomic<std::uint64_t>, 3> acknowledged{};
        for (std::uint64_t writer = 0; writer < 3; ++writer) {
            threads.emplace_back([&, writer] {
                const auto own = "own/" + std::to_string(writer);
                create_json(*at.store, own);
                for (std::uint64_t i = 0; i < 120; ++i) {
                    const auto scratch = "scratch/" + std::to_string(writer) + "/" + std::to_string(i % 5);
                    REQUIRE(at.store->append(
                        {.stream = own, .messages = json(std::to_string(i)), .producer = Producer{"p", 0, i}}));
                    ++acknowledged[writer];
                    (void)at.store->append({.stream = scratch,
                                            .messages = bytes(pattern(4000)),
                                            .create_with = StreamConfig{.ttl = std::chrono::seconds{5}}});
                    if (i % 3 == 0)
                        (void)at.store->create({.stream = scratch + "/fork",
                                                .config = {.content_type = {}},
                                                .fork = ForkFrom{.source = scratch}});
                    if (i % 4 == 0) (void)at.store->remove(scratch);
                    if (i % 7 == 0) (void)at.store->remove(scratch + "/fork");
                    if (i % 11 == 0) at.clock.advance(std::chrono::seconds{1});
                }
            });
        }
        threads.emplace_back([&] {
            while (!done) {
                for (const auto& info : at.store->list({.prefix = "scratch/", .limit = 7}).streams)
                    (void)at.store->read({.stream = info.stream});
                (void)at.store->read_feed({.prefix = "scratch/"});
                (void)at.log->stats();
                const auto watch = at.store->watch("own/0", Offset{UINT64_MAX}, [] {});
            }
        });
        for (std::size_t writer = 0; writer < 3; ++writer) threads[writer].join();
        done = true;
        threads.back().join();

        for (std::uint64_t writer = 0; writer < 3; ++writer) {
            Strings expected;
            for (std::uint64_t i = 0; i < acknowledged[writer]; ++i) expected.push_back(std::to_string(i));
            CHECK(all_messages(*at.store, "own/" + std::to_string(writer)) == expected);
        }
        CHECK_FALSE(at.log->stats().broken);
    });
}

}  // namespace foldback::contract
