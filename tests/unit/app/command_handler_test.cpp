#include "foldback/app/command_handler.hpp"

#include "contract/store_fixture.hpp"
#include "unit/app/account.hpp"

namespace foldback::app_tests {

using contract::Fixture;
using contract::on_every_directory;
using contract::on_every_store;

namespace {

struct Withdraw {
    std::string account;
    std::int64_t cents = 0;

    [[nodiscard]] std::optional<Rejection> validate() const {
        if (cents > 0) return std::nullopt;
        return reject("no-amount", "{} cents cannot be withdrawn", cents);
    }
};
Decision<AccountEvent> decide_withdraw(const AccountState& account, const Withdraw& command) {
    return withdraw(account, command.cents);
}

struct Deposit {
    int account = 0;
    std::int64_t cents = 0;
};
std::optional<Rejection> validate(const Deposit& command) {
    return command.cents > 0 ? std::nullopt : std::optional(reject("no-amount", "nothing is to be deposited"));
}

struct Transfer {
    std::string from;
    std::string to;
    std::int64_t cents = 0;
};
JointDecision<AccountEvent, AccountEvent> decide_transfer(const AccountState& from, const AccountState&,
                                                          const Transfer& command) {
    if (from.cents < command.cents) return reject("too-little", "{} cents are there", from.cents);
    return {{Withdrawn{command.cents}}, {Deposited{command.cents}}};
}

struct Unbound {};

CommandHandler handler_of(StreamStore& store) {
    const Accounts accounts(store, {.category = "accounts"});
    CommandHandler handler;
    handler.on<Withdraw>(accounts, &Withdraw::account, decide_withdraw)
        .on<Deposit>(
            accounts, [](const Deposit& command) { return std::to_string(command.account); },
            [](const AccountState&, const Deposit& command) { return Deposited{command.cents}; })
        .on<Transfer>(
            [accounts](const Transfer& command) {
                return together(accounts.at(command.from), accounts.at(command.to));
            },
            decide_transfer);
    return handler;
}

std::int64_t cents_of(StreamStore& store, std::string_view id) {
    return Accounts(store, {.category = "accounts"}).load(id).state().cents;
}

}  // namespace

TEST_CASE("a command goes to its aggregate and to the decision about it") {
    on_every_store([](Fixture& at) {
        const auto handler = handler_of(*at.store);

        const auto deposited = handler.handle(Deposit{.account = 1, .cents = 100});
        const auto withdrawn = handler.handle(Withdraw{.account = "1", .cents = 30});
        const auto rejected = handler.handle(Withdraw{.account = "1", .cents = 90});

        CHECK(deposited.ranges() == std::vector<AppendedRange>{{"accounts/1", {0}, {1}}});
        CHECK(withdrawn.is_appended());
        REQUIRE(rejected.is_rejected());
        CHECK(rejected.rejection().code == "too-little");
        CHECK(cents_of(*at.store, "1") == 70);
    });
}

TEST_CASE("a command on two aggregates goes to both") {
    on_every_store(contract::told_without({Capability::append_all}), [](Fixture& at) {
        const auto handler = handler_of(*at.store);
        (void)handler.handle(Deposit{.account = 1, .cents = 70});

        const auto moved = handler.handle(Transfer{.from = "1", .to = "2", .cents = 50});

        CHECK(moved.ranges().size() == 2);
        CHECK(cents_of(*at.store, "1") == 20);
        CHECK(cents_of(*at.store, "2") == 50);
    });
}

TEST_CASE("a command that makes no sense is rejected before anything is read, and not remembered") {
    on_every_store(contract::told_without({Capability::append_all}), [](Fixture& at) {
        const auto handler = handler_of(*at.store);

        const auto by_member = handler.handle(Withdraw{.account = "not/a/path", .cents = -3}, {.command_id = "c-1"});
        const auto by_function = handler.handle(Deposit{.account = 1}, {.command_id = "c-1"});
        const auto corrected = handler.handle(Deposit{.account = 1, .cents = 5}, {.command_id = "c-1"});

        REQUIRE(by_member.is_rejected());
        CHECK(by_member.rejection() == Rejection{"no-amount", "-3 cents cannot be withdrawn"});
        CHECK(by_function.is_rejected());
        CHECK(corrected.is_appended());
        CHECK_FALSE(corrected.is_duplicate());
    });
}

TEST_CASE("a handler carries each command id out once, also after the store was opened again") {
    on_every_directory([](Fixture& at) {
        (void)handler_of(*at.store).handle(Deposit{.account = 1, .cents = 100}, {.command_id = "c-1"});
        (void)handler_of(*at.store).handle(Transfer{.from = "1", .to = "2", .cents = 60}, {.command_id = "c-2"});
        (void)handler_of(*at.store).handle(Transfer{.from = "1", .to = "2", .cents = 60}, {.command_id = "c-3"});

        at.reopen();
        const auto handler = handler_of(*at.store);
        const auto deposited = handler.handle(Deposit{.account = 1, .cents = 100}, {.command_id = "c-1"});
        const auto moved = handler.handle(Transfer{.from = "1", .to = "2", .cents = 60}, {.command_id = "c-2"});
        const auto rejected = handler.handle(Transfer{.from = "1", .to = "2", .cents = 60}, {.command_id = "c-3"});

        CHECK(deposited.is_duplicate());
        CHECK(deposited.is_appended());
        CHECK(moved.is_duplicate());
        CHECK(moved.ranges().size() == 2);
        CHECK(rejected.is_duplicate());
        CHECK(rejected.is_rejected());
        CHECK(cents_of(*at.store, "1") == 40);
        CHECK(cents_of(*at.store, "2") == 60);
    });
}

TEST_CASE("a command that is bound to nothing, or bound twice, is a clear error") {
    const auto store = LogStore::in_memory();
    auto handler = handler_of(*store);
    const Accounts accounts(*store, {.category = "accounts"});

    CHECK_FALSE(handler.handles<Unbound>());
    CHECK(handler.handles<Withdraw>());
    CHECK_THROWS_WITH_AS((void)handler.handle(Unbound{}),
                         doctest::Contains("no decision is bound to the command foldback::app_tests::"),
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(handler.on<Withdraw>(accounts, &Withdraw::account, decide_withdraw),
                         doctest::Contains("Withdraw is bound twice"), std::invalid_argument);
}

}  // namespace foldback::app_tests
