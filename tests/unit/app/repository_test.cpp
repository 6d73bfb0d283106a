#include "foldback/app/repository.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>
#include <set>

#include "foldback/core/decision.hpp"

#include "contract/store_fixture.hpp"

using namespace foldback;
using contract::Fixture;
using contract::on_every_store;

namespace {

struct Opened {
    std::string owner;
};
BOOST_DESCRIBE_STRUCT(Opened, (), (owner))
struct Deposited {
    std::int64_t cents = 0;
};
BOOST_DESCRIBE_STRUCT(Deposited, (), (cents))

using AccountEvent = Events<Named<"Opened", 1, Opened>, Named<"Deposited", 1, Deposited>>;

struct AccountState {
    std::string owner;
    std::int64_t cents = 0;
    void apply(const Opened& opened) { owner = opened.owner; }
    void apply(const Deposited& deposited) { cents += deposited.cents; }
};
using Account = Aggregate<AccountState, AccountEvent>;

}  // namespace

TEST_CASE("what was appended is there when the aggregate is loaded again") {
    on_every_store([](Fixture& fixture) {
        const Repository<Account> accounts(*fixture.store, {.category = "accounts"});
        const std::vector<AccountEvent> first{Opened{"Ada"}, Deposited{250}};
        const std::vector<AccountEvent> second{Deposited{50}};

        REQUIRE(accounts.append("1", Offset{0}, first).has_value());
        REQUIRE(accounts.append("1", Offset{2}, second).has_value());
        const auto account = accounts.load("1");

        CHECK(account.state().owner == "Ada");
        CHECK(account.state().cents == 300);
        CHECK(account.offset() == Offset{3});
    });
}

TEST_CASE("an aggregate without a stream is new") {
    on_every_store([](Fixture& fixture) {
        const Repository<Account> accounts(*fixture.store, {.category = "accounts"});

        CHECK(accounts.load("nobody").offset() == Offset{0});
    });
}

TEST_CASE("appending at a stale offset changes nothing") {
    on_every_store([](Fixture& fixture) {
        const Repository<Account> accounts(*fixture.store, {.category = "accounts"});
        const std::vector<AccountEvent> events{Opened{"Ada"}};
        REQUIRE(accounts.append("1", Offset{0}, events).has_value());

        const auto outcome = accounts.append("1", Offset{0}, events);

        REQUIRE(outcome.has_error());
        CHECK(outcome.error().reason == Refusal::offset_mismatch);
        CHECK(accounts.load("1").offset() == Offset{1});
    });
}

TEST_CASE("refreshing reads only what is missing") {
    on_every_store([](Fixture& fixture) {
        const Repository<Account> accounts(*fixture.store, {.category = "accounts"});
        REQUIRE(accounts.append("1", Offset{0}, std::vector<AccountEvent>{Opened{"Ada"}}).has_value());
        auto account = accounts.load("1");
        REQUIRE(accounts.append("1", Offset{1}, std::vector<AccountEvent>{Deposited{7}}).has_value());

        accounts.refresh("1", account);

        CHECK(account.state().cents == 7);
        CHECK(account.offset() == Offset{2});
    });
}

TEST_CASE("recorded events say what, when, where and why") {
    on_every_store(contract::told_without({Capability::store_order}), [](Fixture& fixture) {
        const ManualClock clock;
        const Repository<Account> accounts(*fixture.store,
                                           {.category = "accounts", .clock = &clock, .new_id = [] { return "e-1"; }});
        const Metadata why{
            .correlation = "c", .causation = "d", .command = "e", .actor = "Ada \"the\" first", .traceparent = "00-f"};
        REQUIRE(
            accounts.append("1", Offset{0}, std::vector<AccountEvent>{Opened{"Ada"}, Deposited{7}}, why).has_value());

        const auto feed = fixture.store->read_feed({});
        EventReader<AccountEvent> reader;
        std::vector<Recorded<AccountEvent>> events;
        for (const auto& message : feed.messages) {
            reader.read(message, [&](const Recorded<AccountEvent>& event) { events.push_back(event); });
        }

        REQUIRE(events.size() == 2);
        CHECK(std::get<Opened>(events[0].event).owner == "Ada");
        CHECK(std::get<Deposited>(events[1].event).cents == 7);
        CHECK(events[1].type == "Deposited");
        CHECK(events[1].version == 1);
        CHECK(events[1].id == "e-1");
        CHECK(events[1].recorded_at == clock.now());
        CHECK(events[1].metadata == why);
        CHECK(events[1].stream == "accounts/1");
        CHECK(events[1].offset == Offset{1});
        CHECK(events[1].position == Position{1});
    });
}

TEST_CASE("a message that is no event names stream and offset") {
    on_every_store([](Fixture& fixture) {
        const Repository<Account> accounts(*fixture.store, {.category = "accounts"});
        REQUIRE(accounts.append("1", Offset{0}, std::vector<AccountEvent>{Opened{"Ada"}}).has_value());
        REQUIRE(fixture.store
                    ->append({.stream = "accounts/1",
                              .messages =
                                  Messages::json(R"({"type":"Deposited","version":1,"data":{"cents":"1"}})").value()})
                    .has_value());

        try {
            (void)accounts.load("1");
            FAIL("should have thrown");
        } catch (const CorruptEvent& error) {
            CHECK(error.stream == "accounts/1");
            CHECK(error.offset == Offset{1});
            CHECK(std::string(error.what()) ==
                  "accounts/1 at offset 1: Deposited version 1: /data/cents: expected an integer, found `\"1\"}}`");
        }
    });
}

TEST_CASE("ids differ, also those of a process that was forked") {
    constexpr int count = 1'000;
    std::set<std::string> ids;
    for (int i = 0; i < count; ++i) ids.insert(random_id());
    CHECK(ids.size() == count);

    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const auto child = ::fork();
    if (child == 0) {
        const auto id = random_id();
        ::_exit(::write(ends[1], id.data(), id.size()) == static_cast<ssize_t>(id.size()) ? 0 : 1);
    }
    const auto next = random_id();
    std::string of_child(next.size(), ' ');
    int status = 1;
    ::waitpid(child, &status, 0);

    REQUIRE(status == 0);
    REQUIRE(::read(ends[0], of_child.data(), of_child.size()) == static_cast<ssize_t>(of_child.size()));
    ::close(ends[0]);
    ::close(ends[1]);
    CHECK(of_child != next);
    CHECK(ids.insert(of_child).second);
}
