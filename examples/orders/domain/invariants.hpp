#pragma once

#include "domain/order.hpp"
#include "domain/stock.hpp"

/// What must hold after every event, whoever wrote the reducers. The debugger shows where one broke.
namespace orders {

[[nodiscard]] inline bool total_is_not_negative(const OrderState& order) { return order.total >= Cents{}; }

[[nodiscard]] inline bool total_is_lines_less_discounts(const OrderState& order) {
    Cents sum;
    for (const auto& line : order.lines) sum += line.unit_price * line.quantity;
    return order.total == sum - order.discount;
}

[[nodiscard]] inline bool paid_what_was_due(const OrderState& order) {
    return order.payment_id.empty() || order.paid == order.total;
}

[[nodiscard]] inline bool refunds_at_most_the_payment(const OrderState& order) { return order.refunded <= order.paid; }

[[nodiscard]] inline bool ships_at_most_what_was_ordered(const OrderState& order) {
    for (const auto& line : order.lines) {
        if (line.shipped > line.quantity) return false;
    }
    return true;
}

[[nodiscard]] inline bool promises_at_most_what_is_there(const StockState& stock) { return stock.available() >= 0; }

}  // namespace orders
