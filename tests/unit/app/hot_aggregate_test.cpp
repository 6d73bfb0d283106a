#include <new>
#include <thread>

#include "contract/store_fixture.hpp"
#include "unit/app/account.hpp"
#include "unit/app/counting_store.hpp"

namespace foldback::app_tests {

using contract::Fixture;
using contract::on_every_store;

TEST_CASE("a hot aggregate is appended to without reading anything") {
    on_every_store([](Fixture& at) {
        CountingStore store(*at.store);
        const Accounts accounts(store, {.category = "accounts", .hot_aggregates = 10});
        (void)accounts.transact("1", deposit(100));
        store.reads = 0;

        for (int i = 0; i < 5; ++i) REQUIRE(accounts.transact("1", withdrawal(10)).is_appended());

        CHECK(store.reads == 0);
        CHECK(accounts.load("1").state() == AccountState{"", 50, 6});
        CHECK(accounts.counters().hot_hits == 6);
        CHECK(accounts.counters().hot_misses == 1);
    });
}

TEST_CASE("a hot aggregate reads only what came after it") {
    on_every_store([](Fixture& at) {
        CountingStore store(*at.store);
        const Accounts here(store, {.category = "accounts", .hot_aggregates = 10});
        const Accounts elsewhere(*at.store, {.category = "accounts"});
        for (int i = 0; i < 20; ++i) (void)here.transact("1", deposit(1));
        (void)elsewhere.transact("1", deposit(1));
        (void)elsewhere.transact("1", deposit(1));
        store.messages = 0;

        const auto account = here.load("1");

        CHECK(account.state().cents == 22);
        CHECK(store.messages == 2);
    });
}

TEST_CASE("a hot aggregate that others changed decides again on how it is now") {
    on_every_store([](Fixture& at) {
        const Accounts here(*at.store, {.category = "accounts", .hot_aggregates = 10});
        const Accounts elsewhere(*at.store, {.category = "accounts"});
        (void)here.transact("1", deposit(100));
        (void)elsewhere.transact("1", withdrawal(90));

        const auto outcome = here.transact("1", withdrawal(50), {.max_attempts = 2});

        REQUIRE(outcome.is_rejected());
        CHECK(outcome.rejection().text == "10 cents are there, 50 are wanted");
    });
}

TEST_CASE("memory alone never says no") {
    on_every_store([](Fixture& at) {
        const Accounts here(*at.store, {.category = "accounts", .hot_aggregates = 10});
        const Accounts elsewhere(*at.store, {.category = "accounts"});
        (void)here.transact("1", deposit(10));
        (void)elsewhere.transact("1", deposit(90));

        CHECK(here.transact("1", withdrawal(50), {.max_attempts = 1}).is_appended());
    });
}

TEST_CASE("a hot aggregate whose stream was deleted, or deleted and created again, is not believed") {
    on_every_store(contract::needs({Capability::incarnations}), [](Fixture& at) {
        const Accounts here(*at.store, {.category = "accounts", .hot_aggregates = 10});
        const Accounts elsewhere(*at.store, {.category = "accounts"});
        for (const auto* id : {"1", "2", "3"}) (void)here.transact(id, deposit(100));
        for (const auto* path : {"accounts/1", "accounts/2", "accounts/3"}) (void)at.store->remove(path).value();
        (void)elsewhere.transact("2", deposit(7));
        (void)elsewhere.transact("3", deposit(8));

        CHECK(here.load("1").offset() == Offset{0});
        CHECK(here.load("2").state() == AccountState{"", 7, 1});
        CHECK(here.transact("3", withdrawal(50)).is_rejected());
        CHECK(here.transact("1", deposit(1)).is_appended());
        CHECK(here.load("1").state() == AccountState{"", 1, 1});
    });
}

TEST_CASE("the aggregates that were not used for longest are given up") {
    contract::on_every_store([](contract::Fixture& at) {
        auto* const store = at.store;
        const Accounts accounts(*store, {.category = "accounts", .hot_aggregates = 2});
        for (const auto* id : {"1", "2", "1", "3"}) (void)accounts.transact(id, deposit(1));
        const auto before = accounts.counters();

        (void)accounts.load("1");
        (void)accounts.load("3");
        (void)accounts.load("2");

        CHECK(accounts.counters().hot_hits - before.hot_hits == 2);
        CHECK(accounts.counters().hot_misses - before.hot_misses == 1);
    });
}

namespace {

/// Whose second event of a command fails to be applied, as where memory runs out, once for each time that is asked for.
struct FragileState {
    static inline int failures = 0;
    std::int64_t cents = 0;

    void apply(const Deposited& deposited) {
        if (deposited.cents == 2 && failures > 0) {
            --failures;
            throw std::bad_alloc();
        }
        cents += deposited.cents;
    }
};
using Fragile = Aggregate<FragileState, Events<Named<"Deposited", 1, Deposited>>>;

}  // namespace

TEST_CASE("a command whose events are appended succeeds though memory keeps nothing of them") {
    on_every_store([](Fixture& at) {
        const Repository<Fragile> fragile(*at.store, {.category = "fragile", .hot_aggregates = 10});
        const auto twice = [](const FragileState&) -> Decision<Fragile::EventType> {
            return {Deposited{1}, Deposited{2}};
        };
        REQUIRE(fragile.transact("1", twice).is_appended());
        FragileState::failures = 1;

        REQUIRE(fragile.transact("1", twice).is_appended());

        CHECK(FragileState::failures == 0);
        // Half of the events were applied to what memory had: nobody finds that.
        CHECK(fragile.load("1").state().cents == 6);
        CHECK(fragile.transact("1", twice).is_appended());
        CHECK(fragile.load("1").state().cents == 9);
    });
}

TEST_CASE("two repositories with hot aggregates that write at once lose nothing") {
    const contract::TemporaryDirectory directory;
    for (const bool on_disk : {false, true}) {
        CAPTURE(on_disk);
        const auto store = on_disk ? LogStore::open(directory.path() / "data") : LogStore::in_memory();
        const Accounts left(*store, {.category = "accounts", .hot_aggregates = 2});
        const Accounts right(*store, {.category = "accounts", .hot_aggregates = 2});
        std::vector<std::thread> threads;
        for (const auto* accounts : {&left, &left, &right, &right}) {
            threads.emplace_back([accounts] {
                for (int i = 0; i < 60; ++i) {
                    const auto id = std::to_string(i % 3);
                    (void)accounts->transact(id, deposit(3), {.max_attempts = 1000});
                    (void)accounts->transact(id, withdrawal(1), {.max_attempts = 1000});
                }
            });
        }
        for (auto& thread : threads) thread.join();

        for (const auto* id : {"0", "1", "2"}) {
            CHECK(left.load(id).state() == AccountState{"", 160, 160});
            CHECK(right.load(id).state() == AccountState{"", 160, 160});
        }
    }
}

}  // namespace foldback::app_tests
