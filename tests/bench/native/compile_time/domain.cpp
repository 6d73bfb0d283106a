// A domain as a user writes it: events, an older version, a state, rules.
#include <optional>
#include <string>
#include <vector>

#include "foldback/core/aggregate.hpp"
#include "foldback/core/decision.hpp"

namespace bank {

struct OpenedV1 {
    std::string name;
};
BOOST_DESCRIBE_STRUCT(OpenedV1, (), (name))
struct Opened {
    std::string owner;
    std::int64_t limit_cents = 0;
};
BOOST_DESCRIBE_STRUCT(Opened, (), (owner, limit_cents))
inline Opened upcast(const OpenedV1& old) { return {old.name, 0}; }

struct Deposited {
    std::int64_t cents = 0;
    std::string reference;
};
BOOST_DESCRIBE_STRUCT(Deposited, (), (cents, reference))
struct Withdrawn {
    std::int64_t cents = 0;
};
BOOST_DESCRIBE_STRUCT(Withdrawn, (), (cents))
struct Closed {
    std::string reason;
};
BOOST_DESCRIBE_STRUCT(Closed, (), (reason))

using AccountEvent = foldback::Events<foldback::Named<"Opened", 2, Opened, foldback::Was<1, OpenedV1>>,
                                      foldback::Named<"Deposited", 1, Deposited>,
                                      foldback::Named<"Withdrawn", 1, Withdrawn>, foldback::Named<"Closed", 1, Closed>>;

struct AccountState {
    std::optional<Opened> opened;
    std::int64_t cents = 0;
    bool closed = false;

    void apply(const Opened& event) { opened = event; }
    void apply(const Deposited& event) { cents += event.cents; }
    void apply(const Withdrawn& event) { cents -= event.cents; }
    void apply(const Closed&) { closed = true; }
};
BOOST_DESCRIBE_STRUCT(AccountState, (), (opened, cents, closed))

using Account = foldback::Aggregate<AccountState, AccountEvent>;
using Decision = foldback::Decision<AccountEvent>;

Decision open(const AccountState& account, std::string owner) {
    if (account.opened) return foldback::reject("already-open", "the account is {}'s already", account.opened->owner);
    return {Opened{std::move(owner), 0}};
}

Decision withdraw(const AccountState& account, std::int64_t cents) {
    if (!account.opened || account.closed) return foldback::reject("not-open", "the account is not open");
    if (cents > account.cents + account.opened->limit_cents)
        return foldback::reject("too-little", "{} cents are too many", cents);
    if (cents == 0) return {};
    return {Withdrawn{cents}};
}

Decision close(const AccountState& account) {
    if (account.closed) return {};
    if (account.cents > 0) return {Withdrawn{account.cents}, Closed{"paid out"}};
    return {Closed{"empty"}};
}

Account after(const std::vector<AccountEvent>& events) {
    Account account;
    account.fold(events);
    return account;
}

}  // namespace bank
