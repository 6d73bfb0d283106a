#include "protocol/read_pool.hpp"

#include <atomic>
#include <future>

#include <doctest/doctest.h>

using foldback::server::protocol::ReadPool;

namespace {

/// A task that says when it begins, and ends when it is told.
struct Held {
    std::promise<void> begun;
    std::promise<void> ended;

    [[nodiscard]] std::function<void()> task() {
        return [this, end = ended.get_future().share()] {
            begun.set_value();
            end.wait();
        };
    }
    void begin_in(ReadPool& pool, const char* key) {
        REQUIRE(pool.run(key, task()));
        begun.get_future().wait();
    }
    void end() { ended.set_value(); }
};

}  // namespace

TEST_SUITE("read pool") {
    TEST_CASE("tasks run on another thread") {
        ReadPool pool({});
        std::promise<std::thread::id> ran;

        REQUIRE(pool.run("a", [&] { ran.set_value(std::this_thread::get_id()); }));

        CHECK(ran.get_future().get() != std::this_thread::get_id());
    }

    TEST_CASE("a full pool takes no more, and what it took runs before it ends") {
        std::atomic<int> done = 0;
        Held held;
        {
            ReadPool pool({.threads = 1, .queued = 2});
            held.begin_in(pool, "a");
            CHECK(pool.run("b", [&] { ++done; }));
            CHECK(pool.run("c", [&] { ++done; }));
            CHECK_FALSE(pool.run("d", [&] { ++done; }));
            held.end();
        }
        CHECK(done == 2);
    }

    TEST_CASE("one key leaves half of the threads and half of the queue to others") {
        Held held;
        std::promise<void> other;
        std::atomic<int> done = 0;
        {
            ReadPool pool({.threads = 2, .queued = 4});
            held.begin_in(pool, "stuck");
            CHECK(pool.run("stuck", [&] { ++done; }));
            CHECK(pool.run("stuck", [&] { ++done; }));
            CHECK_FALSE(pool.run("stuck", [&] { ++done; }));

            CHECK(pool.run("other", [&] { other.set_value(); }));
            other.get_future().wait();

            CHECK(done == 0);
            held.end();
        }
        CHECK(done == 2);
    }

    TEST_CASE("a pool without tasks has no thread to end") { const ReadPool pool({}); }

}  // TEST_SUITE
