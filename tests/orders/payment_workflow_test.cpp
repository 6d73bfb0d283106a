#include "app/payment_workflow.hpp"

#include "orders/api_fixture.hpp"

namespace orders::tests {
namespace {

struct WorkflowFixture : ApiFixture {
    void pass(std::chrono::milliseconds time) {
        shop.projections().run_until_caught_up();
        clock.advance(time);
        (void)shop.workflow().fire_due();
        shop.projections().run_until_caught_up();
    }
};

}  // namespace

TEST_CASE_FIXTURE(WorkflowFixture, "an order that is not paid in time is cancelled and gives its stock back") {
    receive("TEA", 10);
    REQUIRE(place("42", "TEA", 3).status == 201);

    pass(std::chrono::minutes(30) - std::chrono::milliseconds(1));
    CHECK(status_of("42") == "placed");
    pass(std::chrono::milliseconds(1));

    CHECK(status_of("42") == "cancelled");
    CHECK(available("TEA") == 10);
    CHECK(get("/api/audit?type=OrderCancelled").body()["entries"][0]["actor"] == "payment workflow");
}

TEST_CASE_FIXTURE(WorkflowFixture, "an order that is paid stays, however long it waits") {
    receive("TEA", 10);
    REQUIRE(place("42", "TEA", 1).status == 201);
    pass(std::chrono::minutes(29));
    REQUIRE(post("/api/orders/42/pay", R"({"payment_id":"p1","amount":"8.90"})").status == 200);

    pass(std::chrono::hours(24));

    CHECK(status_of("42") == "paid");
    CHECK_FALSE(shop.workflow().next_due());
}

TEST_CASE_FIXTURE(WorkflowFixture, "a payment that comes between the timeout and its command wins") {
    receive("TEA", 10);
    REQUIRE(place("42", "TEA", 1).status == 201);
    shop.projections().run_until_caught_up();
    clock.advance(std::chrono::hours(1));
    REQUIRE(shop.workflow().fire_due() == 1);
    REQUIRE(post("/api/orders/42/pay", R"({"payment_id":"p1","amount":"8.90"})").status == 200);

    shop.projections().run_until_caught_up();

    CHECK(status_of("42") == "paid");
    CHECK(get("/api/orders/42/history").body()["events"].size() == 2);
}

TEST_CASE_FIXTURE(WorkflowFixture, "an order may agree on a term of its own") {
    receive("TEA", 10);
    REQUIRE(place("short", "TEA", 1, R"(,"pay_within_s":60)").status == 201);
    REQUIRE(place("long", "TEA", 1, R"(,"pay_within_s":86400)").status == 201);

    pass(std::chrono::minutes(1));
    CHECK(status_of("short") == "cancelled");
    pass(std::chrono::hours(23));
    CHECK(status_of("long") == "placed");
    pass(std::chrono::hours(1));
    CHECK(status_of("long") == "cancelled");
}

TEST_CASE_FIXTURE(WorkflowFixture, "an order that its customer cancels needs no timeout") {
    receive("TEA", 10);
    REQUIRE(place("42", "TEA", 1).status == 201);
    REQUIRE(post("/api/orders/42/cancel", R"({"reason":"no"})").status == 200);

    pass(std::chrono::hours(1));

    CHECK(get("/api/orders/42/history").body()["events"].size() == 2);
    CHECK(get("/api/orders/42").body()["order"]["cancelled_because"] == "no");
}

TEST_CASE("timeouts are remembered by the store and the database, not by the process") {
    foldback::ManualClock clock;
    const auto store = foldback::LogStore::in_memory({.clock = &clock});
    const auto database = foldback::Database::in_memory();
    const ShopOptions options{.clock = &clock, .background_threads = false};
    {
        Shop shop(*store, database, options);
        (void)shop.commands().receive("TEA", {5}, {.command_id = "a", .actor = "", .causation = ""});
        const auto placed =
            shop.commands().carry_out("42", PlaceOrder{"Ada", {{"TEA", "Tea", 1, Cents::units(890)}}, {}, {}},
                                      {.command_id = "b", .actor = "", .causation = ""});
        REQUIRE(placed.outcome.is_appended());
    }
    clock.advance(std::chrono::hours(1));

    Shop again(*store, database, options);
    again.projections().run_until_caught_up();
    // The hour begins when the workflow saw the order.
    clock.advance(std::chrono::hours(1));
    CHECK(again.workflow().fire_due() == 1);
    again.projections().run_until_caught_up();

    const auto head = store->head("orders/42");
    REQUIRE(head.has_value());
    CHECK(head->tail.offset == foldback::Offset{2});
}

}  // namespace orders::tests
