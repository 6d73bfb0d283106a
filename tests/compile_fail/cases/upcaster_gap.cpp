// error: nothing leads on from version 2 of \"OrderPlaced\" to version 3: add foldback::Was<2, its old struct>
#include "shop.hpp"

namespace shop {
OrderPlaced upcast(const OrderPlacedV1& old) { return {old.name, 1}; }
Aggregate<OrderState,
          Events<Named<"OrderPlaced", 3, OrderPlaced, Was<1, OrderPlacedV1>>, Named<"OrderPaid", 1, OrderPaid>>>
    order;
}  // namespace shop
