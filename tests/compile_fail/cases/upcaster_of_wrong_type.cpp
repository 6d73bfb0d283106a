// error: the upcaster of shop::OrderPlacedV1 returns shop::OrderPaid: it must return shop::OrderPlaced, the next version of \"OrderPlaced\"
#include "shop.hpp"

namespace shop {
OrderPaid upcast(const OrderPlacedV1&) { return {}; }
Aggregate<OrderState,
          Events<Named<"OrderPlaced", 2, OrderPlaced, Was<1, OrderPlacedV1>>, Named<"OrderPaid", 1, OrderPaid>>>
    order;
}  // namespace shop
