// error: shop::OrderLost is not described: write BOOST_DESCRIBE_STRUCT(shop::OrderLost, (), (its members)) after it
#include "shop.hpp"

namespace shop {
struct OrderLost {
    int cents = 0;
};
struct State {
    void apply(const OrderLost&) {}
};
Aggregate<State, Events<Named<"OrderLost", 1, OrderLost>>> order;
}  // namespace shop
