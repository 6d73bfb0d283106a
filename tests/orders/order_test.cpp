#include "domain/order.hpp"

#include "domain/faulty_order.hpp"
#include "domain/invariants.hpp"
#include "orders/order_fixture.hpp"

namespace orders::tests {
namespace {

const OrderPaid paid{"p1", their_price};
const ShipmentSent first_parcel{"s1", "Post", {{"TEA", 2}}};
const ShipmentSent second_parcel{"s2", "Post", {{"POT", 1}}};

std::string placing(const PlaceOrder& command) { return outcome(decide(OrderState{}, command)); }

PlaceOrder with_line(Line line) { return {"Ada", {std::move(line)}, {}, {}}; }

}  // namespace

TEST_CASE("an order is placed with its lines, through the web and for half an hour unless it says otherwise") {
    const auto decision = decide(OrderState{}, place_two_teas_and_a_pot());

    CHECK(outcome(decision) == "OrderPlaced" + foldback::to_json(two_teas_and_a_pot));
    const auto order = given(decision.events());
    CHECK(order.status == OrderStatus::placed);
    CHECK(order.total == their_price);
}

TEST_CASE("an order that cannot be is not placed") {
    CHECK(placing({"", two_teas_and_a_pot.lines, {}, {}}) == "no-customer");
    CHECK(placing({"Ada", {}, {}, {}}) == "empty-order");
    CHECK(placing(with_line({"", "?", 1, Cents::units(1)})) == "bad-line");
    CHECK(placing(with_line({"TEA", "Assam", 0, Cents::units(1)})) == "bad-line");
    CHECK(placing(with_line({"TEA", "Assam", 10'001, Cents::units(1)})) == "bad-line");
    CHECK(placing(with_line({"TEA", "Assam", 1, Cents::units(-1)})) == "bad-line");
    CHECK(placing(with_line({"TEA", "Assam", 1, Cents::units(INT64_MAX)})) == "bad-line");
    CHECK(placing({"Ada", std::vector<Line>(101, {"TEA", "Assam", 1, Cents::units(1)}), {}, {}}) == "bad-line");
    CHECK(placing({"Ada", {{"TEA", "a", 1, {}}, {"TEA", "b", 1, {}}}, {}, {}}) == "bad-line");
    CHECK(placing({"Ada", two_teas_and_a_pot.lines, {}, 0}) == "bad-term");
    CHECK(placing({"Ada", two_teas_and_a_pot.lines, {}, 31 * 24 * 3'600}) == "bad-term");
}

TEST_CASE("placing the same order again makes nothing happen, another order of the number is rejected") {
    const auto order = given({two_teas_and_a_pot});

    CHECK(decide(order, place_two_teas_and_a_pot()).is_nothing());
    auto shorter = place_two_teas_and_a_pot();
    shorter.lines.pop_back();
    CHECK(outcome(decide(order, shorter)) == "order-exists");
    auto longer = place_two_teas_and_a_pot();
    longer.lines.push_back({"MUG", "Mug", 1, Cents::units(1)});
    CHECK(outcome(decide(order, longer)) == "order-exists");
}

TEST_CASE("a discount lowers what is to be paid, and never below zero") {
    const auto order = given({two_teas_and_a_pot, DiscountGranted{euros("6.80"), "welcome"}});

    CHECK(order.total == euros("80.00"));
    CHECK(outcome(decide(order, GrantDiscount{euros("80.00"), "gift"})) ==
          R"(DiscountGranted{"amount":"80.00","reason":"gift"})");
    CHECK(outcome(decide(order, GrantDiscount{euros("80.01"), "gift"})) == "bad-discount");
    CHECK(outcome(decide(order, GrantDiscount{Cents{}, "gift"})) == "bad-discount");
    CHECK(outcome(decide(OrderState{}, GrantDiscount{euros("1"), "gift"})) == "order-not-open");
    CHECK(outcome(decide(given({two_teas_and_a_pot, paid}), GrantDiscount{euros("1"), "gift"})) == "order-not-open");
}

TEST_CASE("exactly the total pays an order, once") {
    const auto order = given({two_teas_and_a_pot});

    CHECK(outcome(decide(order, PayOrder{"p1", their_price})) == "OrderPaid" + foldback::to_json(paid));
    CHECK(outcome(decide(order, PayOrder{"p1", euros("86.79")})) == "wrong-amount");
    CHECK(outcome(decide(order, PayOrder{"", their_price})) == "no-payment-id");
    CHECK(outcome(decide(OrderState{}, PayOrder{"p1", {}})) == "order-not-open");
    const auto paid_order = given({two_teas_and_a_pot, paid});
    CHECK(decide(paid_order, PayOrder{"p1", their_price}).is_nothing());
    CHECK(outcome(decide(paid_order, PayOrder{"p2", their_price})) == "already-paid");
}

TEST_CASE("a paid order is shipped in as many parcels as one likes") {
    auto order = given({two_teas_and_a_pot, paid});

    CHECK(outcome(decide(order, ShipOrder{"s1", "Post", {{{"TEA", 2}}}})) ==
          "ShipmentSent" + foldback::to_json(first_parcel));
    order.apply(first_parcel);
    CHECK(order.status == OrderStatus::paid);
    CHECK(outcome(decide(order, ShipOrder{"s2", "Post", {}})) == "ShipmentSent" + foldback::to_json(second_parcel));
    order.apply(second_parcel);
    CHECK(order.status == OrderStatus::shipped);
    CHECK(decide(order, ShipOrder{"s2", "Post", {}}).is_nothing());
    CHECK(outcome(decide(order, ShipOrder{"s3", "Post", {}})) == "order-not-paid");
}

TEST_CASE("a parcel holds only what was ordered and not sent yet") {
    const auto order = given({two_teas_and_a_pot, paid, first_parcel});

    CHECK(outcome(decide(order, ShipOrder{"s2", "Post", {{{"TEA", 1}}}})) == "not-ordered");
    CHECK(outcome(decide(order, ShipOrder{"s2", "Post", {{{"POT", 1}, {"POT", 1}}}})) == "not-ordered");
    CHECK(outcome(decide(order, ShipOrder{"s2", "Post", {{{"POT", 0}}}})) == "not-ordered");
    CHECK(outcome(decide(order, ShipOrder{"s2", "Post", {{{"MUG", 1}}}})) == "not-ordered");
    CHECK(outcome(decide(order, ShipOrder{"s2", "Post", std::vector<Packed>{}})) == "nothing-to-ship");
    CHECK(outcome(decide(order, ShipOrder{"", "Post", {}})) == "no-shipment-id");
    CHECK(outcome(decide(given({two_teas_and_a_pot}), ShipOrder{"s1", "Post", {}})) == "order-not-paid");
}

TEST_CASE("an order is delivered when all of its parcels are") {
    auto order = given({two_teas_and_a_pot, paid, first_parcel, second_parcel, ShipmentDelivered{"s2"}});

    CHECK(order.status == OrderStatus::shipped);
    CHECK(outcome(decide(order, ConfirmDelivery{"s1"})) == R"(ShipmentDelivered{"shipment_id":"s1"})");
    order.apply(ShipmentDelivered{"s1"});
    CHECK(order.status == OrderStatus::delivered);
    CHECK(decide(order, ConfirmDelivery{"s1"}).is_nothing());
    CHECK(outcome(decide(order, ConfirmDelivery{"s9"})) == "unknown-shipment");
}

TEST_CASE("cancelling gives back what was paid, unless a parcel is on its way") {
    CHECK(outcome(decide(given({two_teas_and_a_pot}), CancelOrder{"no"})) == R"(OrderCancelled{"reason":"no"})");
    CHECK(outcome(decide(given({two_teas_and_a_pot, paid, RefundIssued{"r1", euros("6.80"), "late"}}),
                         CancelOrder{"no"})) ==
          R"(OrderCancelled{"reason":"no"} RefundIssued{"refund_id":"cancelled-p1","amount":"80.00","reason":"no"})");
    CHECK(outcome(decide(given({two_teas_and_a_pot, paid, first_parcel}), CancelOrder{"no"})) == "already-shipped");
    CHECK(outcome(decide(OrderState{}, CancelOrder{"no"})) == "order-not-open");
    CHECK(decide(given({two_teas_and_a_pot, OrderCancelled{"no"}}), CancelOrder{"no"}).is_nothing());
}

TEST_CASE("the end of the term cancels an order that waits for payment and leaves every other one alone") {
    CHECK(outcome(decide(given({two_teas_and_a_pot}), CancelUnpaidOrder{"late"})) ==
          R"(OrderCancelled{"reason":"late"})");
    CHECK(decide(given({two_teas_and_a_pot, paid}), CancelUnpaidOrder{"late"}).is_nothing());
    CHECK(decide(given({two_teas_and_a_pot, OrderCancelled{"no"}}), CancelUnpaidOrder{"late"}).is_nothing());
    CHECK(decide(OrderState{}, CancelUnpaidOrder{"late"}).is_nothing());
}

TEST_CASE("no more is refunded than was paid") {
    const auto order = given({two_teas_and_a_pot, paid, RefundIssued{"r1", euros("80.00"), "broken"}});

    CHECK(outcome(decide(order, RefundOrder{"r2", euros("6.80"), "late"})) ==
          R"(RefundIssued{"refund_id":"r2","amount":"6.80","reason":"late"})");
    CHECK(outcome(decide(order, RefundOrder{"r2", euros("6.81"), "late"})) == "bad-refund");
    CHECK(outcome(decide(order, RefundOrder{"r2", Cents{}, "late"})) == "bad-refund");
    CHECK(outcome(decide(order, RefundOrder{"", euros("1"), "late"})) == "no-refund-id");
    CHECK(decide(order, RefundOrder{"r1", euros("80.00"), "broken"}).is_nothing());
    CHECK(outcome(decide(given({two_teas_and_a_pot}), RefundOrder{"r1", euros("1"), "late"})) == "bad-refund");
}

TEST_CASE("the planted fault takes a second discount off twice, and the invariant of the payment notices") {
    const std::vector<OrderEvent> twice{two_teas_and_a_pot, DiscountGranted{euros("5"), "a"},
                                        DiscountGranted{euros("5"), "b"}};

    CHECK(given(twice).total == euros("76.80"));
    auto faulty = fold<FaultyOrderState>(twice);
    CHECK(faulty.total == euros("71.80"));
    faulty.apply(OrderPaid{"p1", euros("76.80")});
    CHECK_FALSE(paid_what_was_due(faulty));
}

}  // namespace orders::tests
