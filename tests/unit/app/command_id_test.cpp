#include <atomic>
#include <thread>

#include "contract/store_fixture.hpp"
#include "unit/app/account.hpp"

namespace foldback::app_tests {

using contract::Fixture;
using contract::on_every_directory;
using contract::on_every_store;

TEST_CASE("a command given twice is answered twice and carried out once") {
    on_every_store(contract::told_without({Capability::append_all}), [](Fixture& at) {
        const Accounts accounts(*at.store, {.category = "accounts"});
        (void)accounts.transact("1", deposit(100));

        const auto first = accounts.transact("1", withdrawal(60), {.command_id = "c-1"});
        const auto again = accounts.transact("1", withdrawal(60), {.command_id = "c-1"});

        CHECK_FALSE(first.is_duplicate());
        CHECK(again.is_duplicate());
        REQUIRE(again.is_appended());
        CHECK(again.ranges() == first.ranges());
        CHECK(again.position() == first.position());
        CHECK(again.events() == first.events());
        CHECK(accounts.load("1").state() == AccountState{"", 40, 2});
    });
}

TEST_CASE("the first answer is given however far the account has gone since") {
    on_every_store(contract::told_without({Capability::append_all}), [](Fixture& at) {
        const Accounts accounts(*at.store, {.category = "accounts"});
        const auto first = accounts.transact("1", deposit(100), {.command_id = "c-1"});
        for (int i = 0; i < 50; ++i) (void)accounts.transact("1", deposit(1), {.command_id = "o-" + std::to_string(i)});

        const auto again = accounts.transact("1", deposit(100), {.command_id = "c-1"});

        CHECK(again.is_duplicate());
        CHECK(again.ranges() == first.ranges());
        CHECK(accounts.load("1").state().cents == 150);
    });
}

TEST_CASE("a rejection is remembered, so that a late copy of the command does not do what its sender was denied") {
    on_every_store(contract::told_without({Capability::append_all}), [](Fixture& at) {
        const Accounts accounts(*at.store, {.category = "accounts"});
        const auto first = accounts.transact("1", withdrawal(60), {.command_id = "c-1"});
        (void)accounts.transact("1", deposit(100));

        const auto again = accounts.transact("1", withdrawal(60), {.command_id = "c-1"});

        REQUIRE(first.is_rejected());
        CHECK_FALSE(first.is_duplicate());
        REQUIRE(again.is_rejected());
        CHECK(again.is_duplicate());
        CHECK(again.rejection() == first.rejection());
        CHECK(accounts.load("1").state().cents == 100);
    });
}

TEST_CASE("that nothing was to do is remembered") {
    on_every_store(contract::told_without({Capability::append_all}), [](Fixture& at) {
        const Accounts accounts(*at.store, {.category = "accounts"});
        (void)accounts.transact("1", opening("Ada"));
        const auto first = accounts.transact("1", opening("Ada"), {.command_id = "c-1"});
        (void)at.store->remove("accounts/1").value();

        const auto again = accounts.transact("1", opening("Ada"), {.command_id = "c-1"});

        CHECK(first.is_nothing());
        CHECK(again.is_nothing());
        CHECK(again.is_duplicate());
        CHECK(accounts.load("1").offset() == Offset{0});
    });
}

TEST_CASE("a duplicate is told from a world that moved") {
    on_every_store(contract::told_without({Capability::append_all}), [](Fixture& at) {
        const Accounts accounts(*at.store, {.category = "accounts"});
        (void)accounts.transact("1", deposit(100));
        bool first = true;

        const auto moved = accounts.transact("1",
                                             [&](const AccountState& account) {
                                                 if (std::exchange(first, false))
                                                     (void)accounts.transact("1", deposit(1));
                                                 return withdraw(account, 60);
                                             },
                                             {.command_id = "c-1"});

        CHECK(moved.is_appended());
        CHECK_FALSE(moved.is_duplicate());
        CHECK(moved.ranges()[0].first == Offset{2});
    });
}

TEST_CASE("a command that meets itself while it is being decided is carried out once") {
    on_every_store(contract::told_without({Capability::append_all}), [](Fixture& at) {
        const Accounts accounts(*at.store, {.category = "accounts"});
        (void)accounts.transact("1", deposit(100));
        bool first = true;

        const auto outer =
            accounts.transact("1",
                              [&](const AccountState& account) {
                                  if (std::exchange(first, false))
                                      (void)accounts.transact("1", withdrawal(60), {.command_id = "c-1"});
                                  return withdraw(account, 60);
                              },
                              {.command_id = "c-1"});

        CHECK(outer.is_duplicate());
        REQUIRE(outer.is_appended());
        CHECK(accounts.load("1").state().cents == 40);
    });
}

TEST_CASE("a conflict is not remembered") {
    on_every_store(contract::told_without({Capability::append_all}), [](Fixture& at) {
        const Accounts accounts(*at.store, {.category = "accounts"});
        const auto lost = accounts.transact("1",
                                            [&](const AccountState&) -> Decision<AccountEvent> {
                                                (void)accounts.transact("1", deposit(1));
                                                return Deposited{100};
                                            },
                                            {.command_id = "c-1", .max_attempts = 1});

        const auto retried = accounts.transact("1", deposit(100), {.command_id = "c-1"});

        CHECK(lost.is_conflict());
        CHECK(retried.is_appended());
        CHECK_FALSE(retried.is_duplicate());
        CHECK(accounts.load("1").state().cents == 101);
    });
}

TEST_CASE("the events of a command have ids made of its id") {
    on_every_store(contract::told_without({Capability::append_all}), [](Fixture& at) {
        const Accounts accounts(*at.store, {.category = "accounts"});
        (void)accounts.transact("1",
                                [](const AccountState&) -> Decision<AccountEvent> {
                                    return {Opened{"Ada"}, Deposited{1}};
                                },
                                {.metadata = {.actor = "ada"}, .command_id = "a/b"});

        std::vector<std::string> ids;
        EventReader<AccountEvent> reader;
        reader.read(at.store->read({.stream = "accounts/1"}).value(), "accounts/1",
                    [&](const Recorded<AccountEvent>& event) {
                        ids.push_back(event.id);
                        CHECK(event.metadata == Metadata{.command = "a/b", .actor = "ada"});
                    });
        CHECK(ids == contract::Strings{"a/b.0", "a/b.1"});
        CHECK(at.store->head("commands/a%2Fb").has_value());
    });
}

TEST_CASE("a command id that was used for another account is refused clearly") {
    on_every_store(contract::told_without({Capability::append_all}), [](Fixture& at) {
        const Accounts accounts(*at.store, {.category = "accounts"});
        (void)accounts.transact("1", deposit(100), {.command_id = "c-1"});

        CHECK_THROWS_WITH_AS((void)accounts.transact("2", deposit(100), {.command_id = "c-1"}),
                             "the command id \"c-1\" was used for another command, on accounts/1",
                             std::invalid_argument);
        CHECK(accounts.load("2").offset() == Offset{0});
    });
}

TEST_CASE("the answer to a duplicate outlives the events, which are then not told again") {
    on_every_store(contract::told_without({Capability::append_all}), [](Fixture& at) {
        const Accounts accounts(*at.store, {.category = "accounts"});
        (void)accounts.transact("1", deposit(100), {.command_id = "c-1"});
        (void)at.store->remove("accounts/1").value();
        (void)accounts.transact("1", deposit(5));

        const auto again = accounts.transact("1", deposit(100), {.command_id = "c-1"});

        CHECK(again.is_duplicate());
        CHECK(again.is_appended());
        CHECK(again.events().empty());
        CHECK(accounts.load("1").state().cents == 5);
    });
}

TEST_CASE("an answer is forgotten when its time is over, if it has one") {
    on_every_store(contract::told_without({Capability::append_all}), [](Fixture& at) {
        const Accounts accounts(
            *at.store, {.category = "accounts", .clock = &at.clock, .commands = {.keep_for = std::chrono::hours(24)}});
        (void)accounts.transact("1", deposit(1), {.command_id = "c-1"});
        at.clock.advance(std::chrono::hours(23));
        const auto within = accounts.transact("1", deposit(1), {.command_id = "c-1"});
        at.clock.advance(std::chrono::hours(2));

        const auto after = accounts.transact("1", deposit(1), {.command_id = "c-1"});

        CHECK(within.is_duplicate());
        CHECK_FALSE(after.is_duplicate());
        CHECK(accounts.load("1").state().cents == 2);
    });
}

TEST_CASE("a command is remembered after the store was closed and opened again") {
    on_every_directory([](Fixture& at) {
        const auto accounts = [&] { return Accounts(*at.store, {.category = "accounts"}); };
        (void)accounts().transact("1", deposit(100), {.command_id = "c-1"});
        (void)accounts().transact("1", withdrawal(1000), {.command_id = "c-2"});

        at.reopen();
        const auto done = accounts().transact("1", deposit(100), {.command_id = "c-1"});
        const auto rejected = accounts().transact("1", withdrawal(50), {.command_id = "c-2"});

        CHECK(done.is_duplicate());
        CHECK(done.is_appended());
        CHECK(rejected.is_duplicate());
        CHECK(rejected.is_rejected());
        CHECK(accounts().load("1").state() == AccountState{"", 100, 1});
    });
}

TEST_CASE("of many threads that give the same commands each command is carried out once") {
    const contract::TemporaryDirectory directory;
    for (const bool on_disk : {false, true}) {
        CAPTURE(on_disk);
        const auto store = on_disk ? LogStore::open(directory.path() / "data") : LogStore::in_memory();
        const Accounts accounts(*store, {.category = "accounts"});
        constexpr int threads = 8;
        constexpr int commands = 25;
        std::atomic<int> fresh{0};
        std::atomic<int> duplicates{0};
        std::vector<std::thread> running;
        for (int thread = 0; thread < threads; ++thread) {
            running.emplace_back([&] {
                for (int i = 0; i < commands; ++i) {
                    const auto outcome = accounts.transact(
                        "1", deposit(i), {.command_id = "c-" + std::to_string(i), .max_attempts = 1000});
                    if (outcome.is_appended()) ++(outcome.is_duplicate() ? duplicates : fresh);
                }
            });
        }
        for (auto& thread : running) thread.join();

        CHECK(fresh == commands);
        CHECK(duplicates == commands * (threads - 1));
        CHECK(accounts.load("1").state().cents == commands * (commands - 1) / 2);
        CHECK(accounts.load("1").offset() == Offset{commands});
    }
}

}  // namespace foldback::app_tests
