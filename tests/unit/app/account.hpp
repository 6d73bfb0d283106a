#pragma once

#include <cstdint>
#include <string>

#include "foldback/app/repository.hpp"
#include "foldback/core/decision.hpp"

/// The aggregate that the tests of repositories and commands share.
namespace foldback::app_tests {

struct Opened {
    std::string owner;
    friend bool operator==(const Opened&, const Opened&) = default;
};
BOOST_DESCRIBE_STRUCT(Opened, (), (owner))
struct Deposited {
    std::int64_t cents = 0;
    friend bool operator==(const Deposited&, const Deposited&) = default;
};
BOOST_DESCRIBE_STRUCT(Deposited, (), (cents))
struct Withdrawn {
    std::int64_t cents = 0;
    friend bool operator==(const Withdrawn&, const Withdrawn&) = default;
};
BOOST_DESCRIBE_STRUCT(Withdrawn, (), (cents))

using AccountEvent =
    Events<Named<"Opened", 1, Opened>, Named<"Deposited", 1, Deposited>, Named<"Withdrawn", 1, Withdrawn>>;

struct AccountState {
    std::string owner;
    std::int64_t cents = 0;
    std::uint64_t events = 0;

    void apply(const Opened& opened) {
        owner = opened.owner;
        ++events;
    }
    void apply(const Deposited& deposited) {
        cents += deposited.cents;
        ++events;
    }
    void apply(const Withdrawn& withdrawn) {
        cents -= withdrawn.cents;
        ++events;
    }
    friend bool operator==(const AccountState&, const AccountState&) = default;
};
BOOST_DESCRIBE_STRUCT(AccountState, (), (owner, cents, events))
using Account = Aggregate<AccountState, AccountEvent>;
using Accounts = Repository<Account>;

inline Decision<AccountEvent> open(const AccountState& account, const std::string& owner) {
    if (account.owner == owner) return {};
    if (!account.owner.empty()) return reject("account-taken", "the account is {}'s", account.owner);
    return Opened{owner};
}
inline Decision<AccountEvent> withdraw(const AccountState& account, std::int64_t cents) {
    if (cents > account.cents) return reject("too-little", "{} cents are there, {} are wanted", account.cents, cents);
    return Withdrawn{cents};
}

/// Decisions as transact takes them.
inline auto opening(std::string owner) {
    return [owner = std::move(owner)](const AccountState& account) { return open(account, owner); };
}
inline auto withdrawal(std::int64_t cents) {
    return [cents](const AccountState& account) { return withdraw(account, cents); };
}
inline auto deposit(std::int64_t cents) {
    return [cents](const AccountState&) -> Decision<AccountEvent> { return Deposited{cents}; };
}

}  // namespace foldback::app_tests
