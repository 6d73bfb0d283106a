#include "contract/store_fixture.hpp"
#include "unit/app/account.hpp"
#include "unit/app/counting_store.hpp"

namespace foldback::app_tests {

using contract::Fixture;
using contract::on_every_store;

TEST_CASE("what was decided is appended, and the outcome says where") {
    on_every_store([](Fixture& at) {
        const Accounts accounts(*at.store, {.category = "accounts", .clock = &at.clock});
        (void)accounts.transact("1", opening("Ada"));

        const auto outcome = accounts.transact("1", [](const AccountState&) -> Decision<AccountEvent> {
            return {Deposited{70}, Withdrawn{20}};
        });

        CHECK(outcome.is_appended());
        CHECK(outcome.is_done());
        CHECK_FALSE(outcome.is_duplicate());
        REQUIRE(outcome.ranges().size() == 1);
        CHECK(outcome.ranges()[0] == AppendedRange{"accounts/1", {1}, {3}});
        REQUIRE(outcome.events().size() == 2);
        CHECK(std::get<Withdrawn>(outcome.events()[1]).cents == 20);
        CHECK(accounts.load("1").state() == AccountState{"Ada", 50, 3});
    });
}

TEST_CASE("a decision without events appends nothing") {
    on_every_store([](Fixture& at) {
        const Accounts accounts(*at.store, {.category = "accounts"});
        (void)accounts.transact("1", opening("Ada"));

        const auto nothing = accounts.transact("1", opening("Ada"));
        const auto rejected = accounts.transact("1", opening("Bob"));

        CHECK(nothing.is_nothing());
        CHECK(nothing.is_done());
        CHECK(nothing.events().empty());
        REQUIRE(rejected.is_rejected());
        CHECK(rejected.rejection() == Rejection{"account-taken", "the account is Ada's"});
        CHECK_FALSE(rejected.is_done());
        CHECK(at.store->head("accounts/1").value().tail.offset == Offset{1});
    });
}

TEST_CASE("the outcome says up to which position of the store it reaches") {
    on_every_store(contract::needs({Capability::store_order}), [](Fixture& at) {
        const Accounts accounts(*at.store, {.category = "accounts"});
        (void)accounts.transact("2", opening("Bob"));

        const auto outcome = accounts.transact("1", opening("Ada"));

        CHECK(outcome.position() == Position{2});
        CHECK(outcome.position() == at.store->tail());
    });
}

TEST_CASE("when others were faster, only what they did is read, and the decision is made again") {
    on_every_store([](Fixture& at) {
        const Accounts accounts(*at.store, {.category = "accounts"});
        (void)accounts.transact("1", deposit(100));
        std::vector<std::uint64_t> seen;

        const auto outcome = accounts.transact("1", [&](const AccountState& account) {
            seen.push_back(account.events);
            if (seen.size() == 1) (void)accounts.transact("1", withdrawal(60));
            return withdraw(account, 60);
        });

        REQUIRE(outcome.is_rejected());
        CHECK(outcome.rejection().text == "40 cents are there, 60 are wanted");
        CHECK(seen == std::vector<std::uint64_t>{1, 2});
        CHECK(accounts.load("1").state().cents == 40);
    });
}

TEST_CASE("two that open the same new account agree on who was first") {
    on_every_store([](Fixture& at) {
        const Accounts accounts(*at.store, {.category = "accounts"});
        bool first = true;

        const auto outcome = accounts.transact("1", [&](const AccountState& account) {
            if (std::exchange(first, false)) (void)accounts.transact("1", opening("Bob"));
            return open(account, "Ada");
        });

        CHECK(outcome.is_rejected());
        CHECK(accounts.load("1").state().owner == "Bob");
    });
}

TEST_CASE("a command that presumes a new aggregate appends without reading") {
    on_every_store(contract::told_without({Capability::append_all}), [](Fixture& at) {
        CountingStore counted(*at.store);
        const Accounts accounts(counted, {.category = "accounts"});

        const auto outcome = accounts.transact("1", opening("Ada"), {.command_id = "c", .presumes_new = true});

        CHECK(outcome.is_appended());
        CHECK(counted.reads == 0);
        CHECK(accounts.load("1").state().owner == "Ada");
    });
}

TEST_CASE("when the aggregate that was presumed new is there, it is read and decided about again") {
    on_every_store([](Fixture& at) {
        const Accounts accounts(*at.store, {.category = "accounts"});
        (void)accounts.transact("1", opening("Ada"));

        const auto rejected = accounts.transact("1", opening("Bob"), {.presumes_new = true});
        const auto deposited = accounts.transact("1", deposit(5), {.presumes_new = true, .max_attempts = 1});
        const auto withdrawn = accounts.transact("1", withdrawal(5), {.presumes_new = true, .max_attempts = 1});

        REQUIRE(rejected.is_rejected());
        CHECK(rejected.rejection().code == "account-taken");
        CHECK(deposited.is_appended());  // the append said no
        CHECK(withdrawn.is_appended());  // the decision did: nothing can be withdrawn from a new account
        CHECK(accounts.load("1").state() == AccountState{"Ada", 0, 3});
    });
}

TEST_CASE("a race that is lost each time ends as a conflict, and nothing was appended") {
    on_every_store([](Fixture& at) {
        const Accounts accounts(*at.store, {.category = "accounts"});
        unsigned decisions = 0;

        const auto outcome = accounts.transact("1",
                                               [&](const AccountState&) -> Decision<AccountEvent> {
                                                   ++decisions;
                                                   (void)accounts.transact("1", deposit(1));
                                                   return Withdrawn{1000};
                                               },
                                               {.max_attempts = 3});

        REQUIRE(outcome.is_conflict());
        CHECK(outcome.conflict().stream == StreamPath("accounts/1"));
        CHECK(outcome.conflict().expected == Offset{2});
        CHECK(outcome.conflict().tail == Offset{3});
        CHECK(outcome.conflict().attempts == 3);
        CHECK(decisions == 3);
        CHECK(accounts.load("1").state() == AccountState{"", 3, 3});
    });
}

TEST_CASE("a stream that was deleted and created again meanwhile is folded from its start") {
    on_every_store(contract::needs({Capability::incarnations}), [](Fixture& at) {
        const Accounts accounts(*at.store, {.category = "accounts"});
        (void)accounts.transact("1", deposit(100));
        bool first = true;

        const auto outcome = accounts.transact("1", [&](const AccountState& account) {
            if (std::exchange(first, false)) {
                (void)at.store->remove("accounts/1").value();
                (void)accounts.transact("1", deposit(7));
            }
            return withdraw(account, 50);
        });

        REQUIRE(outcome.is_rejected());
        CHECK(outcome.rejection().text == "7 cents are there, 50 are wanted");
    });
}

TEST_CASE("a stream that was deleted meanwhile is a new one") {
    on_every_store([](Fixture& at) {
        const Accounts accounts(*at.store, {.category = "accounts"});
        (void)accounts.transact("1", deposit(100));
        bool first = true;

        const auto outcome = accounts.transact("1", [&](const AccountState& account) -> Decision<AccountEvent> {
            if (std::exchange(first, false)) (void)at.store->remove("accounts/1").value();
            return Deposited{account.cents + 1};
        });

        CHECK(outcome.is_appended());
        CHECK(accounts.load("1").state() == AccountState{"", 1, 1});
    });
}

TEST_CASE("what decide throws reaches the caller, and nothing is appended") {
    contract::on_every_store([](contract::Fixture& at) {
        auto* const store = at.store;
        const Accounts accounts(*store, {.category = "accounts"});
        const auto failing = [](const AccountState&) -> Decision<AccountEvent> { throw std::out_of_range("a bug"); };

        CHECK_THROWS_AS((void)accounts.transact("1", failing), std::out_of_range);
        CHECK_FALSE(store->head("accounts/1").has_value());
    });
}

TEST_CASE("a closed stream refuses events with an exception") {
    contract::on_every_store([](contract::Fixture& at) {
        auto* const store = at.store;
        const Accounts accounts(*store, {.category = "accounts"});
        (void)accounts.transact("1", deposit(1));
        REQUIRE(store->append({.stream = "accounts/1", .close = true}).has_value());

        CHECK_THROWS_AS((void)accounts.transact("1", deposit(1)), RefusedError);
    });
}

TEST_CASE("metadata goes with every event, and ids come from the generator") {
    contract::on_every_store([](contract::Fixture& at) {
        auto* const store = at.store;
        int number = 0;
        const Accounts accounts(*store,
                                {.category = "accounts", .new_id = [&] { return "e-" + std::to_string(++number); }});
        const Metadata why{.correlation = "talk", .causation = "click", .command = "pay-7", .actor = "ada"};

        (void)accounts.transact("1",
                                [](const AccountState&) -> Decision<AccountEvent> {
                                    return {Opened{"Ada"}, Deposited{1}};
                                },
                                {.metadata = why});

        const auto page = store->read({.stream = "accounts/1"}).value();
        EventReader<AccountEvent> reader;
        std::vector<std::string> ids;
        reader.read(page, "accounts/1", [&](const Recorded<AccountEvent>& event) {
            ids.push_back(event.id);
            CHECK(event.metadata == why);
        });
        CHECK(ids == std::vector<std::string>{"e-1", "e-2"});
    });
}

TEST_CASE("an aggregate is loaded as it was at an offset") {
    on_every_store([](Fixture& at) {
        Accounts accounts(*at.store, {.category = "accounts", .page_bytes = 1});
        for (int i = 0; i < 5; ++i) (void)accounts.transact("1", deposit(10));

        CHECK(accounts.load("1", Offset{0}).state() == AccountState{});
        CHECK(accounts.load("1", Offset{3}).state().cents == 30);
        CHECK(accounts.load("1", Offset{3}).offset() == Offset{3});
        CHECK(accounts.load("1", Offset{5}).state().cents == 50);
        CHECK_THROWS_WITH_AS((void)accounts.load("1", Offset{6}),
                             "bad_offset: accounts/1 ends at offset 5, before offset 6", RefusedError);
        CHECK_THROWS_AS((void)accounts.load("nobody", Offset{1}), RefusedError);
    });
}

}  // namespace foldback::app_tests
