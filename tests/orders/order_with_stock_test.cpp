#include "domain/order_with_stock.hpp"

#include "orders/order_fixture.hpp"

namespace orders::tests {
namespace {

const StockState five = given_stock({StockReceived{5}});
const StockState five_with_two_for_42 = given_stock({StockReceived{5}, StockReserved{"42", 2}});
const StockState one_for_42 = given_stock({StockReceived{1}, StockReserved{"42", 1}});
const OrderPaid paid{"p1", their_price};

}  // namespace

TEST_CASE("the articles of an order are named once and in order") {
    CHECK(articles_of(two_teas_and_a_pot.lines) == std::vector<std::string>{"POT", "TEA"});
    CHECK(articles_of(std::vector<Line>{{"B", "", 1, {}}, {"A", "", 1, {}}, {"B", "", 1, {}}}) ==
          std::vector<std::string>{"A", "B"});
}

TEST_CASE("placing an order reserves each of its articles") {
    const auto decision = decide(OrderState{}, {{"POT", &five}, {"TEA", &five}}, "42", place_two_teas_and_a_pot());

    CHECK(decision.one().size() == 1);
    REQUIRE(decision.each().size() == 2);
    CHECK(texts_of(decision.each()[0]) == std::vector<std::string>{R"(StockReserved{"order":"42","quantity":1})"});
    CHECK(texts_of(decision.each()[1]) == std::vector<std::string>{R"(StockReserved{"order":"42","quantity":2})"});
}

TEST_CASE("one article that is wanting rejects the whole order and says which") {
    const StockState one = given_stock({StockReceived{1}});

    const auto decision = decide(OrderState{}, {{"POT", &five}, {"TEA", &one}}, "42", place_two_teas_and_a_pot());

    CHECK(decision.is_rejected());
    CHECK(decision.rejection().code == "out-of-stock");
    CHECK(decision.rejection().text == "TEA: 2 wanted, 1 available");
}

TEST_CASE("what the order itself forbids is said before the shelves are asked") {
    CHECK(decide(OrderState{}, {}, "42", PlaceOrder{}).rejection().code == "no-customer");
    CHECK(decide(given({two_teas_and_a_pot}), {}, "42", place_two_teas_and_a_pot()).is_nothing());
}

TEST_CASE("a parcel takes what is in it off the shelves, and nothing else") {
    const auto order = given({two_teas_and_a_pot, paid});
    const Shelves shelves{{"POT", &one_for_42}, {"TEA", &five_with_two_for_42}};

    const auto part = decide(order, shelves, "42", ShipOrder{"s1", "Post", {{{"TEA", 1}, {"TEA", 1}}}});
    const auto all = decide(order, shelves, "42", ShipOrder{"s1", "Post", {}});

    CHECK(part.each()[0].empty());
    CHECK(texts_of(part.each()[1]) == std::vector<std::string>{R"(StockShipped{"order":"42","quantity":2})"});
    CHECK(texts_of(all.each()[0]) == std::vector<std::string>{R"(StockShipped{"order":"42","quantity":1})"});
    CHECK(decide(order, {{"POT", &five}, {"TEA", &five}}, "42", ShipOrder{"s1", "Post", {}}).rejection().code ==
          "not-reserved");
}

TEST_CASE("a cancelled order gives its reservations back") {
    const auto order = given({two_teas_and_a_pot});
    const Shelves shelves{{"POT", &one_for_42}, {"TEA", &five_with_two_for_42}};

    const auto by_people = decide(order, shelves, "42", CancelOrder{"no"});
    const auto by_time = decide(order, shelves, "42", CancelUnpaidOrder{"late"});

    for (const auto* decision : {&by_people, &by_time}) {
        CHECK(decision->one().size() == 1);
        CHECK(texts_of(decision->each()[0]) == std::vector<std::string>{R"(ReservationReleased{"order":"42"})"});
        CHECK(texts_of(decision->each()[1]) == std::vector<std::string>{R"(ReservationReleased{"order":"42"})"});
    }
    CHECK(decide(given({two_teas_and_a_pot, paid}), shelves, "42", CancelUnpaidOrder{"late"}).is_nothing());
}

}  // namespace orders::tests
