#include "foldback/app/together.hpp"

#include <thread>

#include "contract/store_fixture.hpp"
#include "unit/app/account.hpp"

namespace foldback::app_tests {

using contract::Fixture;
using contract::on_every_store;

namespace {

using Transfer = JointDecision<AccountEvent, AccountEvent>;

Transfer move_money(const AccountState& from, const AccountState&, std::int64_t cents) {
    if (cents == 0) return {};
    if (from.cents < cents) return reject("too-little", "{} cents are there", from.cents);
    return {{Withdrawn{cents}}, {Deposited{cents}}};
}
auto transfer(std::int64_t cents) {
    return [cents](const AccountState& from, const AccountState& to) { return move_money(from, to, cents); };
}

struct LimitRaised {
    std::int64_t cents = 0;
    friend bool operator==(const LimitRaised&, const LimitRaised&) = default;
};
BOOST_DESCRIBE_STRUCT(LimitRaised, (), (cents))
struct LimitState {
    std::int64_t cents = 0;
    void apply(const LimitRaised& raised) { cents = raised.cents; }
};
using Limit = Aggregate<LimitState, Events<Named<"LimitRaised", 1, LimitRaised>>>;
using WithinLimit = JointDecision<AccountEvent, Limit::EventType>;

/// Changes the account only; looks at the limit.
WithinLimit withdraw_within(const AccountState& account, const LimitState& limit, std::int64_t cents) {
    if (account.cents - cents < -limit.cents) return reject("beyond-limit", "the limit is {}", limit.cents);
    return {{Withdrawn{cents}}, {}};
}

}  // namespace

TEST_CASE("a command changes several aggregates in one commit") {
    on_every_store(contract::told_without({Capability::append_all}), [](Fixture& at) {
        const Accounts accounts(*at.store, {.category = "accounts"});
        (void)accounts.transact("ada", deposit(100));

        const auto outcome = together(accounts.at("ada"), accounts.at("bob")).transact(transfer(30));

        REQUIRE(outcome.is_appended());
        CHECK(outcome.ranges() == std::vector<AppendedRange>{{"accounts/ada", {1}, {2}}, {"accounts/bob", {0}, {1}}});
        CHECK(outcome.position() == at.store->tail());
        CHECK(std::get<Deposited>(std::get<1>(outcome.events()).front()).cents == 30);
        CHECK(accounts.load("ada").state().cents == 70);
        CHECK(accounts.load("bob").state().cents == 30);
        const auto feed = at.store->read_feed({.from = Position{1}});
        CHECK(feed.messages[0].committed_at == feed.messages[1].committed_at);
    });
}

TEST_CASE("a joint rejection, and a joint nothing, change no aggregate") {
    on_every_store([](Fixture& at) {
        const Accounts accounts(*at.store, {.category = "accounts"});
        const auto both = together(accounts.at("ada"), accounts.at("bob"));

        const auto rejected = both.transact(transfer(30));
        const auto nothing = both.transact(transfer(0));

        REQUIRE(rejected.is_rejected());
        CHECK(rejected.rejection().text == "0 cents are there");
        CHECK(nothing.is_nothing());
        CHECK_FALSE(at.store->head("accounts/ada").has_value());
        CHECK_FALSE(at.store->head("accounts/bob").has_value());
    });
}

TEST_CASE("when one of the aggregates moved, the joint decision is made again") {
    on_every_store(contract::told_without({Capability::append_all}), [](Fixture& at) {
        const Accounts accounts(*at.store, {.category = "accounts"});
        (void)accounts.transact("ada", deposit(100));
        int decisions = 0;

        const auto outcome = together(accounts.at("ada"), accounts.at("bob"))
                                 .transact([&](const AccountState& from, const AccountState& to) {
                                     if (++decisions == 1) (void)accounts.transact("ada", withdrawal(90));
                                     if (decisions == 2) CHECK(from.events == 2);
                                     return move_money(from, to, 30);
                                 });

        REQUIRE(outcome.is_rejected());
        CHECK(decisions == 2);
        CHECK(accounts.load("bob").offset() == Offset{0});
    });
}

TEST_CASE("the first of several aggregates may be presumed new, and is read when it is not") {
    on_every_store(contract::told_without({Capability::append_all}), [](Fixture& at) {
        const Accounts accounts(*at.store, {.category = "accounts"});
        (void)accounts.transact("bob", deposit(5));
        std::vector<std::int64_t> seen;
        const auto give_both = [&](const AccountState& one, const AccountState& other) -> Transfer {
            seen.insert(seen.end(), {one.cents, other.cents});
            return {{Deposited{1}}, {Deposited{1}}};
        };
        const TransactOptions presumed{.presumes_new = true, .max_attempts = 1};

        const auto first = together(accounts.at("ada"), accounts.at("bob")).transact(give_both, presumed);
        const auto second = together(accounts.at("ada"), accounts.at("bob")).transact(give_both, presumed);
        const auto taken = together(accounts.at("ada"), accounts.at("bob")).transact(transfer(2), presumed);

        CHECK(first.is_appended());
        CHECK(second.is_appended());
        CHECK(seen == std::vector<std::int64_t>{0, 5, 0, 6, 1, 6});
        CHECK(taken.is_appended());  // nothing can be taken from a new account: it was read before that was said
        CHECK(accounts.load("ada").state().cents == 0);
        CHECK(accounts.load("bob").state().cents == 9);
    });
}

TEST_CASE("an aggregate that was only looked at must be unchanged in the commit") {
    on_every_store(contract::told_without({Capability::append_all}), [](Fixture& at) {
        const Accounts accounts(*at.store, {.category = "accounts"});
        const Repository<Limit> limits(*at.store, {.category = "limits"});
        const auto set_limit = [&](std::int64_t cents) {
            (void)limits.transact("ada",
                                  [&](const LimitState&) -> Decision<Limit::EventType> { return LimitRaised{cents}; });
        };
        int decisions = 0;

        const auto outcome = together(accounts.at("ada"), limits.at("ada"))
                                 .transact([&](const AccountState& account, const LimitState& limit) {
                                     const auto decision = withdraw_within(account, limit, 50);
                                     ++decisions;
                                     // The limit appears after one decision, and is lowered after the next.
                                     if (decisions == 1) set_limit(100);
                                     if (decisions == 2) set_limit(10);
                                     if (decisions == 1) return WithinLimit{{Withdrawn{50}}, {}};
                                     return decision;
                                 });

        REQUIRE(outcome.is_rejected());
        CHECK(outcome.rejection().text == "the limit is 10");
        CHECK(decisions == 3);
        CHECK(accounts.load("ada").offset() == Offset{0});
    });
}

TEST_CASE("an aggregate that was only looked at gets nothing, and the outcome leaves it out") {
    on_every_store(contract::told_without({Capability::append_all}), [](Fixture& at) {
        const Accounts accounts(*at.store, {.category = "accounts", .hot_aggregates = 4});
        const Repository<Limit> limits(*at.store, {.category = "limits", .hot_aggregates = 4});
        const auto both = together(accounts.at("ada"), limits.at("ada"));
        const auto take_nothing = [](const AccountState& account, const LimitState& limit) {
            return withdraw_within(account, limit, 0);
        };

        const auto first = both.transact(take_nothing, {.command_id = "c-1"});
        const auto second = both.transact(take_nothing);
        const auto again = both.transact(take_nothing, {.command_id = "c-1"});

        CHECK(first.ranges() == std::vector<AppendedRange>{{"accounts/ada", {0}, {1}}});
        CHECK(second.is_appended());
        CHECK(again.is_duplicate());
        CHECK(again.ranges() == first.ranges());
        CHECK(again.position() == first.position());
        CHECK(again.events() == first.events());
        CHECK(accounts.load("ada").offset() == Offset{2});
        CHECK_FALSE(at.store->head("limits/ada").has_value());
    });
}

TEST_CASE("a joint command given twice is carried out once, and its events have numbers of their own") {
    on_every_store(contract::told_without({Capability::append_all}), [](Fixture& at) {
        const Accounts accounts(*at.store, {.category = "accounts"});
        (void)accounts.transact("ada", deposit(100));
        const auto both = together(accounts.at("ada"), accounts.at("bob"));

        const auto first = both.transact(transfer(30), {.command_id = "c-1"});
        (void)accounts.transact("bob", deposit(1));
        const auto again = both.transact(transfer(30), {.command_id = "c-1"});

        CHECK(again.is_duplicate());
        CHECK(again.ranges() == first.ranges());
        CHECK(again.position() == first.position());
        CHECK(std::get<1>(again.events()) == std::get<1>(first.events()));
        CHECK(accounts.load("bob").state().cents == 31);
        EventReader<AccountEvent> reader;
        reader.read(at.store->read({.stream = "accounts/bob", .max_messages = 1}).value(), "accounts/bob",
                    [](const Recorded<AccountEvent>& event) { CHECK(event.id == "c-1.1"); });
        CHECK_THROWS_AS((void)accounts.transact("ada", deposit(1), {.command_id = "c-1"}), std::invalid_argument);
    });
}

TEST_CASE("a joint race that is lost each time names the stream that moved") {
    on_every_store(contract::told_without({Capability::append_all}), [](Fixture& at) {
        const Accounts accounts(*at.store, {.category = "accounts"});
        (void)accounts.transact("ada", deposit(100));

        const auto outcome = together(accounts.at("ada"), accounts.at("bob"))
                                 .transact(
                                     [&](const AccountState& from, const AccountState& to) {
                                         (void)accounts.transact("bob", deposit(1));
                                         return move_money(from, to, 1);
                                     },
                                     {.max_attempts = 2});

        REQUIRE(outcome.is_conflict());
        CHECK(outcome.conflict().stream == StreamPath("accounts/bob"));
        CHECK(outcome.conflict().expected == Offset{1});
        CHECK(outcome.conflict().tail == Offset{2});
        CHECK(accounts.load("ada").state().cents == 100);
    });
}

TEST_CASE("one aggregate cannot be named twice in one command") {
    const auto store = LogStore::in_memory();
    const Accounts accounts(*store, {.category = "accounts"});

    CHECK_THROWS_WITH_AS((void)together(accounts.at("ada"), accounts.at("ada")),
                         "the aggregate accounts/ada is named twice in one command", std::invalid_argument);
}

TEST_CASE("transfers at once in circles lose no money") {
    const contract::TemporaryDirectory directory;
    for (const bool on_disk : {false, true}) {
        CAPTURE(on_disk);
        const auto store = on_disk ? LogStore::open(directory.path() / "data") : LogStore::in_memory();
        const Accounts accounts(*store, {.category = "accounts", .hot_aggregates = 2});
        for (const auto* id : {"0", "1", "2"}) (void)accounts.transact(id, deposit(1000));
        std::vector<std::thread> threads;
        for (int thread = 0; thread < 3; ++thread) {
            threads.emplace_back([&accounts, thread] {
                for (int i = 0; i < 40; ++i) {
                    const auto from = std::to_string((thread + i) % 3);
                    const auto to = std::to_string((thread + i + 1) % 3);
                    const auto id = std::to_string(thread) + "/" + std::to_string(i);
                    for (int copy = 0; copy < 2; ++copy) {
                        (void)together(accounts.at(from), accounts.at(to))
                            .transact(transfer(1 + thread), {.command_id = id, .max_attempts = 1000});
                    }
                }
            });
        }
        for (auto& thread : threads) thread.join();

        std::int64_t cents = 0;
        std::uint64_t events = 0;
        for (const auto* id : {"0", "1", "2"}) {
            cents += accounts.load(id).state().cents;
            events += accounts.load(id).state().events;
        }
        CHECK(cents == 3000);
        CHECK(events == 3 + 2 * 3 * 40);
    }
}

}  // namespace foldback::app_tests
