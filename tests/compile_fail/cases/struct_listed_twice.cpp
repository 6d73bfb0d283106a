// error: shop::OrderPaid is listed twice in foldback::Events: give each event a struct of its own
#include "shop.hpp"

namespace shop {
Aggregate<OrderState, Events<Named<"OrderPaid", 1, OrderPaid>, Named<"OrderSettled", 1, OrderPaid>>> order;
}  // namespace shop
