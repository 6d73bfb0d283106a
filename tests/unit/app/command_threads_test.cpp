#include "foldback/app/command_threads.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "foldback/store/log_store.hpp"
#include "support/temporary_directory.hpp"
#include "unit/app/account.hpp"
#include "unit/app/forwarding_store.hpp"

namespace foldback::app_tests {
namespace {

/// Takes appends, and carries them out only when it is told to.
class HeldStore final : public ForwardingStore {
public:
    using ForwardingStore::ForwardingStore;
    using StreamStore::append;

    void append(AppendRequest request, Completion<Appended> done) override {
        const std::lock_guard lock(mutex_);
        held_.emplace_back(std::move(request), std::move(done));
        changed_.notify_all();
    }
    void wait_for_held(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return held_.size() >= count; });
    }
    void let_go() {
        std::vector<std::pair<AppendRequest, Completion<Appended>>> held;
        {
            const std::lock_guard lock(mutex_);
            held.swap(held_);
        }
        for (auto& [request, done] : held) behind().append(std::move(request), std::move(done));
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::pair<AppendRequest, Completion<Appended>>> held_;
};

class Counter {
public:
    void add() {
        const std::lock_guard lock(mutex_);
        ++count_;
        changed_.notify_all();
    }
    void wait_for(int count) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return count_ >= count; });
    }
    [[nodiscard]] int now() {
        const std::lock_guard lock(mutex_);
        return count_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int count_ = 0;
};

/// As much of a stack as commands may use.
int use_much_stack() {
    volatile char much[128 << 10];
    for (std::size_t i = 0; i < sizeof much; i += 1024) much[i] = 1;
    return much[sizeof much / 2];
}

}  // namespace

TEST_CASE("one thread carries out a hundred commands that all wait for the disk at a time") {
    const auto memory = LogStore::in_memory();
    HeldStore store(*memory);
    const Accounts accounts(store, {.category = "accounts"});
    Counter done;
    {
        CommandThreads threads({.threads = 1});
        for (int i = 0; i < 100; ++i) {
            REQUIRE(threads.post([&, i] {
                const int mine = i;
                (void)use_much_stack();
                const auto outcome = accounts.transact(std::to_string(i), deposit(i + 1));
                // Its stack is as it was, and the exceptions of others are not its own.
                if (outcome.is_appended() && mine == i && std::uncaught_exceptions() == 0) done.add();
            }));
        }
        store.wait_for_held(100);
        CHECK(done.now() == 0);

        store.let_go();
        done.wait_for(100);
    }
    for (int i = 0; i < 100; ++i) CHECK(accounts.load(std::to_string(i)).state().cents == i + 1);
}

TEST_CASE("an exception that is handled while a command waits is still that one afterwards") {
    const auto memory = LogStore::in_memory();
    HeldStore store(*memory);
    const Accounts accounts(store, {.category = "accounts"});
    std::set<std::string> kept;  // of one thread
    Counter done;
    CommandThreads threads({.threads = 1});
    for (const std::string name : {"first", "second", "third"}) {
        REQUIRE(threads.post([&, name] {
            try {
                try {
                    throw std::runtime_error(name);
                } catch (const std::runtime_error&) {
                    (void)accounts.transact(name, deposit(1));
                    throw;
                }
            } catch (const std::exception& error) {
                if (error.what() == name) kept.insert(name);
            }
            done.add();
        }));
    }
    store.wait_for_held(3);
    store.let_go();
    done.wait_for(3);

    CHECK(kept.size() == 3);
}

TEST_CASE("commands on threads that change the same aggregates lose nothing") {
    const test::TemporaryDirectory directory;
    const auto store = LogStore::open(directory.path() / "data");
    const Accounts accounts(*store, {.category = "accounts", .hot_aggregates = 2});
    {
        CommandThreads threads({.threads = 3, .max_begun = 20});
        for (int i = 0; i < 600; ++i) {
            REQUIRE(threads.post(
                [&, i] { (void)accounts.transact(std::to_string(i % 3), deposit(1), {.max_attempts = 10'000}); }));
        }
    }
    for (const auto* id : {"0", "1", "2"}) CHECK(accounts.load(id).state() == AccountState{"", 200, 200});
}

TEST_CASE("no more commands are begun and queued than may be, and what was posted is finished at the end") {
    const auto memory = LogStore::in_memory();
    HeldStore store(*memory);
    const Accounts accounts(store, {.category = "accounts"});
    Counter begun;
    Counter done;
    std::thread releaser;
    {
        CommandThreads threads({.threads = 1, .max_begun = 2, .max_queued = 3});
        const auto post = [&](const std::string& id) {
            return threads.post([&, id] {
                begun.add();
                (void)accounts.transact(id, deposit(1));
                done.add();
            });
        };
        REQUIRE(post("1"));
        store.wait_for_held(1);
        REQUIRE(post("2"));
        store.wait_for_held(2);
        for (const auto* id : {"3", "4", "5"}) REQUIRE(post(id));

        CHECK_FALSE(post("6"));
        CHECK(begun.now() == 2);
        releaser = std::thread([&] {
            for (const int ended : {2, 4, 5}) {
                store.wait_for_held(ended == 5 ? 1 : 2);
                store.let_go();
                done.wait_for(ended);
            }
        });
    }
    CHECK(done.now() == 5);
    releaser.join();
}

TEST_CASE("threads for commands without a thread, a place or a stack are refused") {
    CHECK_THROWS_AS(CommandThreads({.threads = 0}), std::invalid_argument);
    CHECK_THROWS_AS(CommandThreads({.max_begun = 0}), std::invalid_argument);
    CHECK_THROWS_AS(CommandThreads({.max_queued = 0}), std::invalid_argument);
    CHECK_THROWS_AS(CommandThreads({.stack_bytes = 4096}), std::invalid_argument);
}

}  // namespace foldback::app_tests
