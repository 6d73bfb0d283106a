// error: shop::OrderPaid has no stored name and version: write foldback::Named<\"shop::OrderPaid\", 1, shop::OrderPaid> in foldback::Events
#include "shop.hpp"

namespace shop {
Aggregate<OrderState, Events<Named<"OrderPlaced", 1, OrderPlaced>, OrderPaid>> order;
}  // namespace shop
