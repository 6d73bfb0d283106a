// error: it must return events that are listed in foldback::Events by foldback::Named
#include "foldback/core/upcast.hpp"
#include "shop.hpp"

namespace shop {
struct Stranger {};
Pieces<OrderPaid, Stranger> upcast(const OrderPlacedV1&) { return {}; }
Aggregate<OrderState,
          Events<Named<"OrderPlaced", 2, OrderPlaced, Was<1, OrderPlacedV1>>, Named<"OrderPaid", 1, OrderPaid>>>
    order;
}  // namespace shop
