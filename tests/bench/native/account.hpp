#pragma once

#include <cstdint>
#include <string>

#include "foldback/core/aggregate.hpp"

/// The aggregate that the framework is measured with.
namespace bench {

struct Deposited {
    std::string from;
    std::int64_t cents = 0;
    std::string note;
};
BOOST_DESCRIBE_STRUCT(Deposited, (), (from, cents, note))

struct Withdrawn {
    std::string machine;
    std::int64_t cents = 0;
};
BOOST_DESCRIBE_STRUCT(Withdrawn, (), (machine, cents))

using AccountEvent =
    foldback::Events<foldback::Named<"Deposited", 1, Deposited>, foldback::Named<"Withdrawn", 1, Withdrawn>>;

struct AccountState {
    std::int64_t cents = 0;
    std::uint64_t letters = 0;
    void apply(const Deposited& deposited) {
        cents += deposited.cents;
        letters += deposited.from.size() + deposited.note.size();
    }
    void apply(const Withdrawn& withdrawn) {
        cents -= withdrawn.cents;
        letters += withdrawn.machine.size();
    }
};
using Account = foldback::Aggregate<AccountState, AccountEvent>;

}  // namespace bench
