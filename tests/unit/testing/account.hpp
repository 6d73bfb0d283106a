#pragma once

#include "foldback/testing.hpp"

/// A sound aggregate to test the kit with.
namespace foldback::kit_test {

struct Opened {
    std::string owner;
};
BOOST_DESCRIBE_STRUCT(Opened, (), (owner))
struct DepositedV1 {
    int euros = 0;
};
BOOST_DESCRIBE_STRUCT(DepositedV1, (), (euros))
struct Deposited {
    std::int64_t cents = 0;
};
BOOST_DESCRIBE_STRUCT(Deposited, (), (cents))
inline Deposited upcast(const DepositedV1& old) { return {std::int64_t{100} * old.euros}; }

using AccountEvent = Events<Named<"Opened", 1, Opened>, Named<"Deposited", 2, Deposited, Was<1, DepositedV1>>>;

struct AccountState {
    std::string owner;
    std::int64_t cents = 0;
    void apply(const Opened& opened) { owner = opened.owner; }
    void apply(const Deposited& deposited) { cents += deposited.cents; }
};
BOOST_DESCRIBE_STRUCT(AccountState, (), (owner, cents))
using Account = Aggregate<AccountState, AccountEvent>;

struct Open {
    std::string owner;
};
BOOST_DESCRIBE_STRUCT(Open, (), (owner))
inline Decision<AccountEvent> open(const AccountState& account, const Open& command) {
    if (account.owner == command.owner) return {};
    if (!account.owner.empty()) return reject("taken", "the account is {}'s", account.owner);
    return {Opened{command.owner}, Deposited{5}};
}

}  // namespace foldback::kit_test
