#include "domain/stock.hpp"

#include "orders/order_fixture.hpp"

namespace orders::tests {

TEST_CASE("what is promised to an order is not promised to another") {
    const auto stock = given_stock({StockReceived{5}, StockReserved{"1", 3}});

    CHECK(stock.available() == 2);
    CHECK(outcome(decide(stock, ReserveStock{"2", 2})) == R"(StockReserved{"order":"2","quantity":2})");
    CHECK(outcome(decide(stock, ReserveStock{"2", 3})) == "out-of-stock");
    CHECK(outcome(decide(stock, ReserveStock{"2", 0})) == "bad-quantity");
    CHECK(decide(stock, ReserveStock{"1", 3}).is_nothing());
}

TEST_CASE("a delivery has at least one piece and not too many") {
    CHECK(outcome(decide(StockState{}, ReceiveStock{7})) == R"(StockReceived{"quantity":7})");
    CHECK(outcome(decide(StockState{}, ReceiveStock{0})) == "bad-quantity");
    CHECK(outcome(decide(StockState{}, ReceiveStock{1'000'001})) == "bad-quantity");
}

TEST_CASE("a reservation that is released is available again") {
    auto stock = given_stock({StockReceived{5}, StockReserved{"1", 3}});

    CHECK(outcome(decide(stock, ReleaseReservation{"1"})) == R"(ReservationReleased{"order":"1"})");
    stock.apply(ReservationReleased{"1"});
    CHECK(stock.available() == 5);
    CHECK(decide(stock, ReleaseReservation{"1"}).is_nothing());
}

TEST_CASE("only what is reserved leaves the shelf") {
    auto stock = given_stock({StockReceived{5}, StockReserved{"1", 3}});

    CHECK(outcome(decide(stock, ShipStock{"1", 4})) == "not-reserved");
    CHECK(outcome(decide(stock, ShipStock{"2", 1})) == "not-reserved");
    CHECK(outcome(decide(stock, ShipStock{"1", 0})) == "not-reserved");
    CHECK(outcome(decide(stock, ShipStock{"1", 2})) == R"(StockShipped{"order":"1","quantity":2})");
    stock.apply(StockShipped{"1", 2});
    CHECK(stock.on_hand == 3);
    CHECK(stock.reserved.of("1") == 1);
    CHECK(stock.available() == 2);
}

}  // namespace orders::tests
