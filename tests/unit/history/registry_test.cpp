#include "foldback/history/registry.hpp"

#include <doctest/doctest.h>

#include "unit/history/order.hpp"

using namespace foldback;
using namespace foldback::history_test;

namespace {

Registry shop() {
    Registry registry;
    registry.add<Order>(
        "orders", {.invariants = {{"total-not-negative", [](const OrderState& state) { return state.total >= 0; }},
                                  {"has-customer", [](const OrderState& state) { return !state.customer.empty(); }},
                                  {"always", [](const OrderState&) { return true; }}},
                   .identity = {{"/lines", "sku"}},
                   .redact = {"/customer"}});
    return registry;
}

}  // namespace

TEST_CASE("a registry lists its categories with what tools should know of them") {
    const auto registry = shop();

    REQUIRE(registry.entries().size() == 1);
    const auto& lens = registry.entries()[0].lens;
    CHECK(lens.name == "orders");
    CHECK(lens.build.size() == 16);
    CHECK(lens.invariants.size() == 3);
    CHECK(lens.identity[0].member == "sku");
    CHECK(lens.redact[0] == "/customer");
    REQUIRE(lens.events.size() == 3);
    CHECK(lens.events[0].name == "Placed");
    CHECK(lens.events[0].version == 2);
}

TEST_CASE("a stream is opened through the lens of its category, and driven by JSON") {
    const auto store = LogStore::in_memory();
    append(*store, "orders/1", usual_history());
    append(*store, "ordersold/1", usual_history());
    const auto registry = shop();

    auto order = registry.open(*store, "orders/1");
    auto other = registry.open(*store, "ordersold/1");

    CHECK(order.lens().name == "orders");
    CHECK(order.state_at(Offset{2}) == R"({"customer":"Ada","lines":[{"sku":"tea","quantity":1}],"total":100})");
    CHECK(other.lens().name == "raw");
    CHECK(other.state() == "null");
    CHECK(other.event(Offset{3}).type == "Discounted");
    CHECK(registry.open(*store, "orders/1", "last").state() ==
          R"({"data":{"cents":250,"line":{"quantity":1,"sku":"pot"}},"timestamp":0,"type":"LineAdded","version":1})");
}

TEST_CASE("one pass tells where each invariant does not hold") {
    const auto store = LogStore::in_memory();
    auto history = usual_history();
    history.push_back(Discounted{100});
    append(*store, "orders/1", history);
    auto order = shop().open(*store, "orders/1");

    const auto reports = order.check_invariants();

    REQUIRE(reports.size() == 3);
    CHECK(reports[0].first() == Offset{4});
    REQUIRE(reports[0].broken.size() == 2);
    CHECK(reports[0].broken[0].end == Offset{5});
    CHECK(reports[0].broken[1].first == Offset{6});
    CHECK(reports[1].first() == Offset{0});
    CHECK(reports[1].broken[0].end == Offset{1});
    CHECK_FALSE(reports[2].first().has_value());
    CHECK(reports[2].complete);
}

TEST_CASE("a category registered twice, two invariants of one name and an unknown lens are refused") {
    auto registry = shop();
    const auto holds = [](const OrderState&) { return true; };

    CHECK_THROWS_AS(registry.add<Order>("orders"), std::invalid_argument);
    CHECK_THROWS_AS(registry.add<Order>("/"), std::invalid_argument);
    CHECK_THROWS_AS((registry.add<Order>("new", {.invariants = {{"a", holds}, {"a", holds}}})), std::invalid_argument);
    CHECK_THROWS_WITH_AS(
        (void)registry.lens_named("nothing"),
        "there is no lens 'nothing'; there are: orders, raw, last, count-by-type, merge, json-patch, state",
        std::invalid_argument);
    CHECK(registry.entries().size() == 1);
}

TEST_CASE("the longest category that a path begins with gives the lens") {
    Registry registry;
    registry.add("shop", last_lens());
    registry.add("shop/orders", merge_lens());

    CHECK(registry.lens_for("shop/orders/1")->name == "merge");
    CHECK(registry.lens_for("shop/carts/1")->name == "last");
    CHECK(registry.lens_for("shop") == nullptr);
}
