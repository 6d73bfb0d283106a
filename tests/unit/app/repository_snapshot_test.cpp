#include "contract/store_fixture.hpp"
#include "foldback/app/verify_snapshots.hpp"
#include "unit/app/account.hpp"
#include "unit/app/counting_store.hpp"

namespace foldback::app_tests {

using contract::Fixture;
using contract::on_every_store;

namespace {

/// Runs a test on every store, with snapshots in memory and in SQLite.
void on_every_pair(const contract::Needs& needs, const std::function<void(Fixture&, SnapshotStore&)>& test) {
    on_every_store(needs, [&](Fixture& at) {
        MemorySnapshots memory;
        test(at, memory);
    });
    on_every_store(needs, [&](Fixture& at) {
        const contract::TemporaryDirectory directory;
        SqliteSnapshots sqlite(directory.path() / "snapshots.db");
        test(at, sqlite);
    });
}
void on_every_pair(const std::function<void(Fixture&, SnapshotStore&)>& test) { on_every_pair({}, test); }

Accounts accounts_of(Fixture& at, SnapshotStore& snapshots, SnapshotPolicy policy = {}) {
    return {*at.store,
            {.category = "accounts",
             .clock = &at.clock,
             .snapshots = &snapshots,
             .snapshot_policy = policy,
             .snapshot_thread = SnapshotThread::caller}};
}

std::vector<std::uint64_t> offsets_of(SnapshotStore& snapshots) {
    std::vector<std::uint64_t> offsets;
    for (const auto& info : snapshots.list("accounts/1")) offsets.push_back(info.offset.value);
    std::sort(offsets.begin(), offsets.end());
    return offsets;
}

/// An aggregate like Account, whose fold counts twice since its version 2.
struct DoubledState : AccountState {
    static constexpr unsigned fold_version = 2;
    using AccountState::apply;
};
BOOST_DESCRIBE_STRUCT(DoubledState, (AccountState), ())
using Doubled = Aggregate<DoubledState, AccountEvent>;

// A name that was once stored as two events, and is merged into one.
struct First {
    std::string text;
};
BOOST_DESCRIBE_STRUCT(First, (), (text))
struct Last {
    std::string text;
};
BOOST_DESCRIBE_STRUCT(Last, (), (text))
struct NamedPerson {
    std::string name;
};
BOOST_DESCRIBE_STRUCT(NamedPerson, (), (name))
struct NameMerger {
    std::optional<std::string> first{};
    Nothing begin(const First& old) {
        first = old.text;
        return {};
    }
    NamedPerson finish(const Last& old) { return {std::exchange(first, std::nullopt).value_or("?") + " " + old.text}; }
    [[nodiscard]] bool is_idle() const { return !first; }
};
struct PersonState {
    std::string names;
    void apply(const NamedPerson& named) { names += named.name + ";"; }
};
BOOST_DESCRIBE_STRUCT(PersonState, (), (names))
using Person =
    Aggregate<PersonState,
              Events<Named<"NamedPerson", 1, NamedPerson>, Retired<"First", Was<1, First, &NameMerger::begin>>,
                     Retired<"Last", Was<1, Last, &NameMerger::finish>>>>;

}  // namespace

TEST_CASE("no snapshot is made unless one is asked for") {
    on_every_pair([](Fixture& at, SnapshotStore& snapshots) {
        const auto accounts = accounts_of(at, snapshots);
        for (int i = 0; i < 10; ++i) (void)accounts.transact("1", deposit(1));
        accounts.snapshot_writer()->wait();

        CHECK(offsets_of(snapshots).empty());
    });
}

TEST_CASE("a snapshot taken on demand is where the next load begins") {
    on_every_pair([](Fixture& at, SnapshotStore& snapshots) {
        const auto accounts = accounts_of(at, snapshots);
        for (int i = 0; i < 10; ++i) (void)accounts.transact("1", deposit(1));

        CHECK(accounts.take_snapshot("1"));
        CHECK_FALSE(accounts.take_snapshot("nobody"));
        (void)accounts.transact("1", deposit(1));
        const auto account = accounts.load("1");

        CHECK(offsets_of(snapshots) == std::vector<std::uint64_t>{10});
        CHECK(account.state() == AccountState{"", 11, 11});
        CHECK(account.offset() == Offset{11});
        CHECK(accounts.counters().snapshots_used == 2);
    });
}

TEST_CASE("a snapshot follows every so many events, and the oldest are given up") {
    on_every_pair([](Fixture& at, SnapshotStore& snapshots) {
        const auto accounts = accounts_of(at, snapshots, {.every_events = 4});
        for (int i = 0; i < 18; ++i) {
            (void)accounts.transact("1", deposit(1));
            accounts.snapshot_writer()->write_waiting();
        }

        CHECK(offsets_of(snapshots) == std::vector<std::uint64_t>{8, 12, 16});
        CHECK(accounts.counters().written.saved == 4);
    });
}

TEST_CASE("a snapshot follows when the last one is old enough, by the repository's clock") {
    on_every_pair([](Fixture& at, SnapshotStore& snapshots) {
        const auto accounts = accounts_of(at, snapshots, {.every = std::chrono::minutes(10)});
        for (int i = 0; i < 5; ++i) {
            (void)accounts.transact("1", deposit(1));
            accounts.snapshot_writer()->write_waiting();
            at.clock.advance(std::chrono::minutes(4));
        }

        CHECK(offsets_of(snapshots) == std::vector<std::uint64_t>{1, 4});
    });
}

TEST_CASE("an append does not wait for its snapshot") {
    on_every_pair([](Fixture& at, SnapshotStore& snapshots) {
        const auto accounts = accounts_of(at, snapshots, {.every_events = 1});

        (void)accounts.transact("1", deposit(1));
        CHECK(offsets_of(snapshots).empty());
        (void)accounts.transact("1", deposit(1));
        accounts.snapshot_writer()->write_waiting();

        CHECK(offsets_of(snapshots) == std::vector<std::uint64_t>{2});
        CHECK(accounts.counters().written.dropped == 1);
    });
}

TEST_CASE("snapshots are written by a thread of their own, which can be stopped") {
    contract::on_every_store([](contract::Fixture& at) {
        auto* const store = at.store;
        MemorySnapshots snapshots;
        const Accounts accounts(
            *store, {.category = "accounts", .snapshots = &snapshots, .snapshot_policy = {.every_events = 2}});
        for (int i = 0; i < 4; ++i) (void)accounts.transact("1", deposit(1));

        accounts.snapshot_writer()->wait();
        // Due after the second event; the third is offered too while the second is still being saved, and then the fourth is not.
        CHECK(offsets_of(snapshots).back() >= 3);
        accounts.snapshot_writer()->stop();
        const auto saved = accounts.counters().written.saved;
        for (int i = 0; i < 4; ++i) CHECK(accounts.transact("1", deposit(1)).is_appended());

        CHECK(accounts.counters().written.saved == saved);
        CHECK(accounts.counters().written.dropped >= 1);
    });
}

TEST_CASE("a hot aggregate knows of its last snapshot") {
    on_every_pair([](Fixture& at, SnapshotStore& snapshots) {
        const Accounts accounts(*at.store, {.category = "accounts",
                                            .clock = &at.clock,
                                            .hot_aggregates = 10,
                                            .snapshots = &snapshots,
                                            .snapshot_policy = {.every_events = 5},
                                            .snapshot_thread = SnapshotThread::caller});
        for (int i = 0; i < 12; ++i) {
            (void)accounts.transact("1", deposit(1));
            accounts.snapshot_writer()->write_waiting();
        }

        CHECK(offsets_of(snapshots) == std::vector<std::uint64_t>{5, 10});
        CHECK(accounts.counters().written.dropped == 0);
    });
}

TEST_CASE("an aggregate is loaded at an offset from the snapshot before it") {
    on_every_pair([](Fixture& at, SnapshotStore& snapshots) {
        const auto accounts = accounts_of(at, snapshots, {.every_events = 4});
        for (int i = 0; i < 12; ++i) {
            (void)accounts.transact("1", deposit(1));
            accounts.snapshot_writer()->write_waiting();
        }

        CHECK(accounts.load("1", Offset{3}).state().cents == 3);
        CHECK(accounts.load("1", Offset{8}).state().cents == 8);
        CHECK(accounts.load("1", Offset{11}).state().cents == 11);
    });
}

TEST_CASE("a snapshot of an earlier stream of the same path is not believed") {
    on_every_pair(contract::needs({Capability::incarnations}), [](Fixture& at, SnapshotStore& snapshots) {
        const auto accounts = accounts_of(at, snapshots);
        for (int i = 0; i < 3; ++i) (void)accounts.transact("1", deposit(100));
        REQUIRE(accounts.take_snapshot("1"));
        (void)at.store->remove("accounts/1").value();
        for (int i = 0; i < 5; ++i) (void)accounts.transact("1", deposit(1));

        CHECK(accounts.load("1").state() == AccountState{"", 5, 5});
        CHECK(accounts.counters().snapshots_used == 0);
    });
}

TEST_CASE("a snapshot is not believed when its stream is replaced while it is being loaded") {
    on_every_pair(contract::needs({Capability::incarnations}), [](Fixture& at, SnapshotStore& snapshots) {
        CountingStore store(*at.store);
        const Accounts elsewhere(*at.store, {.category = "accounts"});
        const Accounts accounts(store, {.category = "accounts", .snapshots = &snapshots});
        for (int i = 0; i < 3; ++i) (void)accounts.transact("1", deposit(100));
        REQUIRE(accounts.take_snapshot("1"));
        store.after_head = [&] {
            (void)at.store->remove("accounts/1").value();
            for (int i = 0; i < 5; ++i) (void)elsewhere.transact("1", deposit(1));
        };

        const auto account = accounts.load("1");

        CHECK(account.state() == AccountState{"", 5, 5});
        CHECK(accounts.counters().snapshots_used == 1);
    });
}

TEST_CASE("a snapshot of other code is not believed") {
    on_every_pair([](Fixture& at, SnapshotStore& snapshots) {
        const auto accounts = accounts_of(at, snapshots);
        (void)accounts.transact("1", deposit(100));
        REQUIRE(accounts.take_snapshot("1"));
        const Repository<Doubled> changed(*at.store, {.category = "accounts", .snapshots = &snapshots});

        CHECK(changed.load("1").state().cents == 100);
        CHECK(changed.counters().snapshots_used == 0);
        CHECK(snapshots.counters().foreign == 1);
    });
}

TEST_CASE("a snapshot whose state cannot be read is ignored and counted") {
    on_every_pair([](Fixture& at, SnapshotStore& snapshots) {
        const auto accounts = accounts_of(at, snapshots);
        (void)accounts.transact("1", deposit(100));
        snapshots.save({"accounts/1", at.store->head("accounts/1")->incarnation, fingerprint_of<Account>().value},
                       {.offset = {1}, .taken_at = {}, .state = R"({"owner":"Ada","cents":"many"})"});

        CHECK(accounts.load("1").state() == AccountState{"", 100, 1});
        CHECK(accounts.counters().snapshots_ignored == 1);
    });
}

TEST_CASE("no snapshot is made while an upcaster waits for a further event") {
    on_every_pair([](Fixture& at, SnapshotStore& snapshots) {
        const Repository<Person> persons(*at.store, {.category = "persons",
                                                     .clock = &at.clock,
                                                     .hot_aggregates = 4,
                                                     .snapshots = &snapshots,
                                                     .snapshot_policy = {.every_events = 1},
                                                     .snapshot_thread = SnapshotThread::caller});
        const auto name = [](const PersonState&) -> Decision<Person::EventType> { return NamedPerson{"Eve"}; };
        at.store->create({.stream = "persons/1", .config = {.content_type = "application/json"}}).value();
        contract::append_json(*at.store, "persons/1", R"({"type":"First","version":1,"data":{"text":"Ada"}})");

        CHECK_FALSE(persons.take_snapshot("1"));
        (void)persons.transact("1", name);
        CHECK(persons.snapshot_writer()->write_waiting() == 0);
        contract::append_json(*at.store, "persons/1", R"({"type":"Last","version":1,"data":{"text":"Lovelace"}})");
        (void)persons.transact("1", name);

        CHECK(persons.snapshot_writer()->write_waiting() == 1);
        CHECK(snapshots.list("persons/1").front().offset == Offset{4});
        CHECK(persons.load("1").state().names == "Eve;Ada Lovelace;Eve;");
    });
}

TEST_CASE("a snapshot serves a stream whose first events were truncated") {
    on_every_pair(contract::told_without({Capability::truncate}), [](Fixture& at, SnapshotStore& snapshots) {
        const auto accounts = accounts_of(at, snapshots);
        for (int i = 0; i < 6; ++i) (void)accounts.transact("1", deposit(1));
        REQUIRE(accounts.take_snapshot("1"));
        (void)accounts.transact("1", deposit(1));
        (void)at.store->truncate_before("accounts/1", Offset{5}).value();

        CHECK(accounts.load("1").state().cents == 7);
        CHECK(accounts.transact("1", withdrawal(7)).is_appended());
    });
}

TEST_CASE("verification finds the first snapshot that is not what the events add up to") {
    on_every_pair(contract::told_without({Capability::list}), [](Fixture& at, SnapshotStore& snapshots) {
        const auto accounts = accounts_of(at, snapshots, {.every_events = 2});
        for (int i = 0; i < 6; ++i) {
            (void)accounts.transact("1", deposit(1));
            (void)accounts.transact("2", deposit(1));
            accounts.snapshot_writer()->write_waiting();
        }
        const auto sound = verify_snapshots(accounts);
        snapshots.save({"accounts/2", at.store->head("accounts/2")->incarnation, fingerprint_of<Account>().value},
                       {.offset = {4}, .taken_at = at.clock.now(), .state = to_json(AccountState{"", 5, 4})});

        const auto damaged = verify_snapshots(accounts);

        CHECK(sound.is_sound());
        CHECK(sound.streams == 2);
        CHECK(sound.snapshots == 6);
        CHECK(sound.events == 12);
        REQUIRE_FALSE(damaged.is_sound());
        CHECK(damaged.first_difference->stream == StreamPath("accounts/2"));
        CHECK(damaged.first_difference->offset == Offset{4});
        CHECK(damaged.first_difference->stored == R"({"owner":"","cents":5,"events":4})");
        CHECK(damaged.first_difference->refolded == R"({"owner":"","cents":4,"events":4})");
    });
}

TEST_CASE("verification skips snapshots of other code, and can be ended early") {
    on_every_pair(contract::told_without({Capability::list}), [](Fixture& at, SnapshotStore& snapshots) {
        const auto accounts = accounts_of(at, snapshots);
        (void)accounts.transact("1", deposit(100));
        REQUIRE(accounts.take_snapshot("1"));
        const Repository<Doubled> changed(*at.store, {.category = "accounts", .snapshots = &snapshots});

        const auto report = verify_snapshots(changed);
        const auto ended = verify_snapshots(accounts, [](const SnapshotVerification&) { return false; });

        CHECK(report.is_sound());
        CHECK(report.skipped == 1);
        CHECK(report.snapshots == 0);
        CHECK(ended.snapshots == 0);
    });
}

}  // namespace foldback::app_tests
