// error: two events are stored as \"OrderPlaced\": give one of them another name
#include "shop.hpp"

namespace shop {
Aggregate<OrderState, Events<Named<"OrderPlaced", 1, OrderPlaced>, Named<"OrderPlaced", 1, OrderPaid>>> order;
}  // namespace shop
