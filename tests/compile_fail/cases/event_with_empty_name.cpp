// error: shop::OrderPaid needs a stored name that is not empty and a version from 1 on
#include "shop.hpp"

namespace shop {
Aggregate<OrderState, Events<Named<"OrderPlaced", 1, OrderPlaced>, Named<"", 1, OrderPaid>>> order;
}  // namespace shop
