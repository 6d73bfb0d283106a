#include "foldback/testing/projections.hpp"

#include <doctest/doctest.h>

#include "foldback/app/projection.hpp"
#include "unit/testing/account.hpp"

using namespace foldback;
using namespace foldback::kit_test;
using namespace foldback::testing;

namespace {

struct Balances {
    void apply(ReadModel& model, const Opened& opened, const RecordedAt& where) const {
        if (opened.owner == "nobody") throw std::runtime_error("nobody owns nothing");
        model.execute("INSERT INTO balances VALUES (?, ?, NULL)", {where.stream, opened.owner});
    }
    void apply(ReadModel& model, const Deposited& deposited, const RecordedAt& where) const {
        model.execute("UPDATE balances SET cents = COALESCE(cents, 0) + ? WHERE account = ?",
                      {deposited.cents, where.stream});
    }
};

ProjectionDefinition balances() {
    return project<AccountEvent>({.name = "balances",
                                  .schema = "CREATE TABLE balances (account TEXT, owner TEXT, cents INTEGER)",
                                  .events = {.categories = {"accounts"}}},
                                 Balances{});
}
const char* const all = "SELECT * FROM balances ORDER BY account";

}  // namespace

TEST_CASE("a projection is given events and its rows are as expected") {
    GivenProjection(balances())
        .events<AccountEvent>("accounts/1", {Opened{"Ada"}, Deposited{5}})
        .then_rows(all, {"accounts/1 | Ada | 5"})
        .events<AccountEvent>("accounts/2", {Opened{"Bob"}})
        .after(std::chrono::hours(1))
        .message("accounts/1", R"({"type":"Deposited","version":1,"data":{"euros":1}})")
        .then_rows(all, {"accounts/1 | Ada | 105", "accounts/2 | Bob | NULL"})
        .rebuilt()
        .then_rows(all, {"accounts/1 | Ada | 105", "accounts/2 | Bob | NULL"});
}

TEST_CASE("a rebuilt projection sees everything again") {
    GivenProjection scenario(balances());
    scenario.events<AccountEvent>("accounts/1", {Opened{"Ada"}});
    scenario.database().write([](ReadModel& model) { model.execute("DELETE FROM balances"); });

    scenario.then_rows(all, {}).rebuilt().then_rows(all, {"accounts/1 | Ada | NULL"});
}

TEST_CASE("other rows than expected fail with the events and the rows") {
    GivenProjection scenario(balances());
    scenario.events<AccountEvent>("accounts/1", {Opened{"Ada"}});

    CHECK_THROWS_WITH_AS(scenario.then_rows(all, {"accounts/1 | Bob | NULL"}),
                         doctest::Contains("but got   accounts/1 | Ada | NULL"), TestFailure);
    CHECK_THROWS_WITH_AS(scenario.then_rows(all, {}), doctest::Contains("given     accounts/1: {\"type\":\"Opened\""),
                         TestFailure);
}

TEST_CASE("an event that the projection cannot apply fails with its error") {
    auto definition = balances();
    definition.retry.retries = 0;
    GivenProjection scenario(definition);

    CHECK_THROWS_WITH_AS(scenario.events<AccountEvent>("accounts/1", {Opened{"nobody"}}),
                         doctest::Contains("nobody owns nothing"), TestFailure);
}

TEST_CASE("waiting for projections drives a runner without threads, and fails for one that does not come there") {
    GivenProjection scenario(balances());
    const auto accounts = scenario.world().repository<Account>("accounts");
    const auto appended = accounts.append("1", Offset{0}, std::vector<AccountEvent>{Opened{"Ada"}}).value();

    wait_for_projections(scenario.runner(), appended.next_position);
    scenario.then_rows(all, {"accounts/1 | Ada | NULL"});
    scenario.runner().pause("balances");
    const auto more = accounts.append("1", Offset{1}, std::vector<AccountEvent>{Deposited{1}}).value();
    CHECK_THROWS_WITH_AS(wait_for_projections(scenario.runner(), more.next_position),
                         doctest::Contains("balances: paused at 1 of 2"), TestFailure);
}
