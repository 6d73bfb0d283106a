#include <doctest/doctest.h>

#include "domain/order_events.hpp"
#include "domain/stock.hpp"
#include "foldback/testing/golden.hpp"

namespace orders::tests {

using foldback::testing::check_golden;
using foldback::testing::MissingSample;

TEST_CASE("every event of an order that was ever stored is still read as it was") {
    const auto report = check_golden<OrderEvent>(ORDERS_GOLDEN_DIR "/order_events.jsonl", MissingSample::is_wrong);

    for (const auto& problem : report.problems) FAIL_CHECK(problem);
}

TEST_CASE("every event of the stock that was ever stored is still read as it was") {
    const auto report = check_golden<StockEvent>(ORDERS_GOLDEN_DIR "/stock_events.jsonl", MissingSample::is_wrong);

    for (const auto& problem : report.problems) FAIL_CHECK(problem);
}

TEST_CASE("an order of the first version has one line, through the web, with the usual term") {
    const auto placed = upcast(upcast(OrderPlacedV1{"Ada", "TEA", 2, 890}));

    CHECK(placed == OrderPlaced{"Ada", {{"TEA", "TEA", 2, Cents::units(890)}}, "web", usual_term_s});
}

}  // namespace orders::tests
