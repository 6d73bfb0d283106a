#include "domain/order_events.hpp"

namespace orders {

OrderPlacedV2 upcast(const OrderPlacedV1& old) {
    return {.customer = old.customer,
            .lines = {{.sku = old.sku, .quantity = old.quantity, .price = Cents::units(old.price_cents)}}};
}

OrderPlaced upcast(const OrderPlacedV2& old) {
    OrderPlaced placed{.customer = old.customer, .lines = {}, .channel = "web", .pay_within_s = usual_term_s};
    for (const auto& line : old.lines) {
        placed.lines.push_back(
            {.sku = line.sku, .name = line.sku, .quantity = line.quantity, .unit_price = line.price});
    }
    return placed;
}

}  // namespace orders
