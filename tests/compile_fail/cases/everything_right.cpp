// compiles
#include "shop.hpp"

namespace shop {
OrderPlacedV2 upcast(const OrderPlacedV1& old) { return {old.name}; }
OrderPlaced upcast(const OrderPlacedV2& old) { return {old.customer, 1}; }
using Event = Events<Named<"OrderPlaced", 3, OrderPlaced, Was<1, OrderPlacedV1>, Was<2, OrderPlacedV2>>,
                     Named<"OrderPaid", 1, OrderPaid>>;
using Order = Aggregate<OrderState, Event>;
Order order;
}  // namespace shop
