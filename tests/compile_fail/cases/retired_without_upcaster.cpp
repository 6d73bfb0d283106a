// error: no upcaster for version 1 of the retired \"OrderCreated\": write `upcast(const shop::OrderPlacedV1& old)` beside shop::OrderPlacedV1
#include "shop.hpp"

namespace shop {
Aggregate<OrderState, Events<Retired<"OrderCreated", Was<1, OrderPlacedV1>>, Named<"OrderPlaced", 1, OrderPlaced>,
                             Named<"OrderPaid", 1, OrderPaid>>>
    order;
}  // namespace shop
