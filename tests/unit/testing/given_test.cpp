#include "foldback/testing/given.hpp"

#include <doctest/doctest.h>

#include "unit/testing/account.hpp"

using namespace foldback;
using namespace foldback::kit_test;
using namespace foldback::testing;

namespace {

/// The message of a failure without its place.
template <class Work>
std::string failure_of(Work&& work) {
    try {
        work();
    } catch (const TestFailure& failure) {
        const std::string text = failure.what();
        return text.substr(text.find('\n') + 1);
    }
    return "no failure";
}

}  // namespace

TEST_CASE("a decision that is as expected passes") {
    given<Account>().when(open, Open{"Ada"}).then(Opened{"Ada"}, Deposited{5});
    given<Account>(Opened{"Ada"}).when(open, Open{"Ada"}).then_nothing().then();
    given<Account>(Opened{"Ada"})
        .when(open, Open{"Bob"})
        .then_rejected("taken")
        .then_rejected("taken", "the account is Ada's");
    given<Account>().when(open, Open{"Ada"}).then_state({.owner = "Ada", .cents = 5});
    given<Account>().when(open, Open{"Ada"}).then_events([](const auto& events) { return events.size() == 2; });
    given<Account>(Opened{"Ada"}, Deposited{7}).then_state([](const AccountState& state) { return state.cents == 7; });
    given<Account>()
        .when([](const AccountState&) -> Decision<AccountEvent> { return Deposited{1}; })
        .then(Deposited{1});
}

TEST_CASE("other events than expected fail with a message that tells the story") {
    CHECK(failure_of([] { given<Account>(Deposited{1}).when(open, Open{"Ada"}).then(Opened{"Bob"}); }) ==
          R"(given     Deposited {"cents":1}
when      Open {"owner":"Ada"}
expected  Opened {"owner":"Bob"}
but got   Opened {"owner":"Ada"}
          Deposited {"cents":5})");
}

TEST_CASE("a rejection instead of events, events instead of a rejection, and something instead of nothing fail") {
    CHECK(failure_of([] {
              given<Account>(Opened{"Ada"}).when(open, Open{"Bob"}).then(Opened{"Bob"});
          }).ends_with("but got   rejected: taken (the account is Ada's)"));
    CHECK(failure_of([] {
              given<Account>().when(open, Open{"Bob"}).then_rejected("taken");
          }).starts_with("given     nothing\n"));
    CHECK(failure_of([] { given<Account>(Opened{"Ada"}).when(open, Open{"Bob"}).then_rejected("other"); }) !=
          "no failure");
    CHECK(failure_of([] { given<Account>(Opened{"Ada"}).when(open, Open{"Bob"}).then_rejected("taken", "go"); }) !=
          "no failure");
    CHECK(failure_of([] { given<Account>().when(open, Open{"Bob"}).then_nothing(); }) != "no failure");
    CHECK(failure_of([] { given<Account>(Opened{"Ada"}).when(open, Open{"Bob"}).then_nothing(); }) != "no failure");
    CHECK(failure_of([] { given<Account>(Opened{"Ada"}).when(open, Open{"Ada"}).then(Opened{"Ada"}); }) !=
          "no failure");
    CHECK(failure_of([] {
              given<Account>().when(open, Open{"Bob"}).then_state({.owner = "Bob"});
          }).ends_with("expected  {\"owner\":\"Bob\",\"cents\":0}\nbut got   {\"owner\":\"Bob\",\"cents\":5}"));
    CHECK(failure_of([] { given<Account>(Opened{"Ada"}).then_state({.owner = "Bob"}); }) != "no failure");
    CHECK(failure_of([] {
              given<Account>().when(open, Open{"Bob"}).then_events([](const auto& events) { return events.empty(); });
          }) != "no failure");
}

TEST_CASE("a failure names the line of the scenario") {
    std::string message;
    const auto line = __LINE__ + 2;
    try {
        given<Account>().when(open, Open{"Bob"}).then_nothing();
    } catch (const TestFailure& failure) {
        message = failure.what();
    }

    CHECK(message.find("given_test.cpp:" + std::to_string(line) + ":\n") != std::string::npos);
}

TEST_CASE("failures go to a function that the caller gives") {
    std::vector<std::string> failures;
    auto before = report_through([&](const std::string& message) { failures.push_back(message); });

    given<Account>().when(open, Open{"Bob"}).then_nothing().then_rejected("taken");
    report_through(std::move(before));

    CHECK(failures.size() == 2);
}

TEST_CASE("a scenario may begin with stored messages of old versions") {
    given_stored<Account>({R"({"type":"Deposited","version":1,"data":{"euros":3}})"}).then_state({.cents = 300});
    given_events<Account>({Deposited{1}, Deposited{2}}).then_state({.cents = 3});
    CHECK_THROWS_AS((void)given_stored<Account>({"{}"}), CorruptEvent);
}
