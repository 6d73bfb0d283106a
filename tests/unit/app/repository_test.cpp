#include "foldback/app/repository.hpp"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <iterator>

#include <doctest/doctest.h>
#include <functional>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>

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

/// From now on this process gets no random numbers.
void refuse_random_numbers() {
    sock_filter steps[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                           BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getrandom, 0, 1),
                           BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
                           BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    const sock_fprog filter{.len = std::size(steps), .filter = steps};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) (void)::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

/// The ids that a forked process makes in some tries, one after the other, and others never again.
std::string ids_of_child(const std::function<void()>& prepare) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
    const auto child = ::fork();
    if (child == 0) {
        prepare();
        bool written = true;
        for (int i = 0; i < 3; ++i) {
            try {
                const auto id = random_id();
                written = ::write(ends[1], id.data(), id.size()) == static_cast<ssize_t>(id.size()) && written;
            } catch (const std::system_error&) {
                // None, then.
            }
        }
        ::_exit(written ? 0 : 1);
    }
    ::close(ends[1]);
    std::string ids;
    char byte = 0;
    while (::read(ends[0], &byte, 1) == 1) ids += byte;
    ::close(ends[0]);
    int status = 1;
    ::waitpid(child, &status, 0);
    if (status != 0) throw std::runtime_error("the child could not tell its ids");
    return ids;
}

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

    const auto of_child = ids_of_child([] {});

    constexpr std::size_t length = 36;
    REQUIRE(of_child.size() == 3 * length);
    for (int i = 0; i < 3; ++i) CHECK(of_child.find(random_id()) == std::string::npos);
    for (std::size_t at = 0; at < of_child.size(); at += length) CHECK(ids.insert(of_child.substr(at, length)).second);
}

TEST_CASE("a process that was forked and gets no random numbers does not make do with those of the other") {
    (void)random_id();

    const auto of_child = ids_of_child(refuse_random_numbers);

    for (int i = 0; i < 3; ++i) CHECK(of_child.find(random_id()) == std::string::npos);
}
