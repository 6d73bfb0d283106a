// error: the upcaster of shop::OrderPlacedV2 goes back to shop::OrderPlacedV1, an older version of \"OrderPlaced\": the chain would never end
#include "shop.hpp"

namespace shop {
OrderPlacedV2 upcast(const OrderPlacedV1& old) { return {old.name}; }
OrderPlacedV1 upcast(const OrderPlacedV2& old) { return {old.customer}; }
Aggregate<OrderState, Events<Named<"OrderPlaced", 3, OrderPlaced, Was<1, OrderPlacedV1>, Was<2, OrderPlacedV2>>,
                             Named<"OrderPaid", 1, OrderPaid>>>
    order;
}  // namespace shop
