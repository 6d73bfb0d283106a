// error: no upcaster for version 1 of \"OrderPlaced\": write `shop::OrderPlaced upcast(const shop::OrderPlacedV1& old)` beside shop::OrderPlacedV1
#include "shop.hpp"

namespace shop {
Aggregate<OrderState,
          Events<Named<"OrderPlaced", 2, OrderPlaced, Was<1, OrderPlacedV1>>, Named<"OrderPaid", 1, OrderPaid>>>
    order;
}  // namespace shop
