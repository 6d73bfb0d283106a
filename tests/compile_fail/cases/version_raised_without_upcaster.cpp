// error: nothing leads on from version 1 of \"OrderPaid\" to version 2: add foldback::Was<1, its old struct>
#include "shop.hpp"

namespace shop {
Aggregate<OrderState, Events<Named<"OrderPlaced", 1, OrderPlaced>, Named<"OrderPaid", 2, OrderPaid>>> order;
}  // namespace shop
