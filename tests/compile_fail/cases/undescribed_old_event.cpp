// error: shop::OrderLostV1 is not described: write BOOST_DESCRIBE_STRUCT(shop::OrderLostV1, (), (its members)) after it
#include "shop.hpp"

namespace shop {
struct OrderLostV1 {};
OrderPaid upcast(const OrderLostV1&) { return {}; }
struct State {
    void apply(const OrderPaid&) {}
};
Aggregate<State, Events<Named<"OrderPaid", 2, OrderPaid, Was<1, OrderLostV1>>>> order;
}  // namespace shop
