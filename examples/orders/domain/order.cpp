#include "domain/order.hpp"

#include <algorithm>

namespace orders {
namespace {

/// Amounts and quantities beyond these are typing errors, and keep every sum far inside 64 bits.
constexpr std::int64_t largest_quantity = 10'000;
constexpr Cents largest_price = Cents::units(100'000'00);
constexpr std::size_t most_lines = 100;
constexpr std::int64_t longest_term_s = 30 * 24 * 3'600;
constexpr const char* usual_channel = "web";

template <class Lines>
auto find_sku(Lines& lines, const std::string& sku) {
    return std::find_if(lines.begin(), lines.end(), [&](const auto& line) { return line.sku == sku; });
}

}  // namespace

void OrderState::apply(const OrderPlaced& placed) {
    status = OrderStatus::placed;
    customer = placed.customer;
    channel = placed.channel;
    for (const auto& line : placed.lines) {
        lines.push_back({.sku = line.sku, .name = line.name, .quantity = line.quantity, .unit_price = line.unit_price});
        total += line.unit_price * line.quantity;
    }
}

void OrderState::apply(const DiscountGranted& granted) {
    discount += granted.amount;
    total -= granted.amount;
}

void OrderState::apply(const OrderPaid& paid_now) {
    status = OrderStatus::paid;
    payment_id = paid_now.payment_id;
    paid += paid_now.amount;
}

void OrderState::apply(const ShipmentSent& sent) {
    shipments.push_back({.id = sent.shipment_id, .carrier = sent.carrier});
    for (const auto& item : sent.items) {
        const auto line = find_sku(lines, item.sku);
        if (line != lines.end()) line->shipped += item.quantity;
    }
    if (is_shipped_whole()) status = OrderStatus::shipped;
}

void OrderState::apply(const ShipmentDelivered& delivered) {
    for (auto& shipment : shipments) {
        if (shipment.id == delivered.shipment_id) shipment.delivered = true;
    }
    if (is_delivered_whole()) status = OrderStatus::delivered;
}

void OrderState::apply(const OrderCancelled& cancelled) {
    status = OrderStatus::cancelled;
    cancelled_because = cancelled.reason;
}

void OrderState::apply(const RefundIssued& issued) {
    refunded += issued.amount;
    refunds.push_back(issued.refund_id);
}

bool OrderState::is_shipped_whole() const {
    return !lines.empty() &&
           std::all_of(lines.begin(), lines.end(), [](const auto& line) { return line.shipped >= line.quantity; });
}

bool OrderState::is_delivered_whole() const {
    return is_shipped_whole() &&
           std::all_of(shipments.begin(), shipments.end(), [](const auto& shipment) { return shipment.delivered; });
}

namespace {

/// Why a line cannot be ordered; empty when it can.
std::string problem_with(const Line& line) {
    if (line.sku.empty()) return "a line has no article";
    if (line.quantity < 1 || line.quantity > largest_quantity) {
        return "the quantity of " + line.sku + " must be from 1 to " + std::to_string(largest_quantity);
    }
    if (line.unit_price < Cents{} || line.unit_price > largest_price) {
        return "the price of " + line.sku + " must be from 0.00 to " + largest_price.text();
    }
    return {};
}

bool is_same_order(const OrderState& order, const PlaceOrder& command) {
    return order.customer == command.customer && order.channel == command.channel.value_or(usual_channel) &&
           order.lines.size() == command.lines.size() &&
           std::equal(order.lines.begin(), order.lines.end(), command.lines.begin(), command.lines.end(),
                      [](const OrderedLine& line, const Line& wanted) {
                          return line.sku == wanted.sku && line.quantity == wanted.quantity &&
                                 line.unit_price == wanted.unit_price;
                      });
}

std::vector<Packed> all_that_is_left(const OrderState& order) {
    std::vector<Packed> items;
    for (const auto& line : order.lines) {
        if (line.shipped < line.quantity) items.push_back({line.sku, line.quantity - line.shipped});
    }
    return items;
}

}  // namespace

OrderDecision decide(const OrderState& order, const PlaceOrder& command) {
    if (order.status != OrderStatus::none) {
        if (is_same_order(order, command)) return {};
        return foldback::reject("order-exists", "there is another order of this number");
    }
    if (command.customer.empty()) return foldback::reject("no-customer", "an order needs a customer");
    if (command.lines.empty()) return foldback::reject("empty-order", "an order needs at least one line");
    if (command.lines.size() > most_lines)
        return foldback::reject("bad-line", "an order has at most {} lines", most_lines);
    for (auto line = command.lines.begin(); line != command.lines.end(); ++line) {
        if (const auto problem = problem_with(*line); !problem.empty()) return foldback::reject("bad-line", problem);
        const auto same_article = [&](const Line& other) { return other.sku == line->sku; };
        if (std::any_of(command.lines.begin(), line, same_article)) {
            return foldback::reject("bad-line", "{} is on two lines", line->sku);
        }
    }
    const auto term = command.pay_within_s.value_or(usual_term_s);
    if (term < 1 || term > longest_term_s) {
        return foldback::reject("bad-term", "an order is paid within 1 to {} seconds", longest_term_s);
    }
    return OrderPlaced{command.customer, command.lines, command.channel.value_or(usual_channel), term};
}

OrderDecision decide(const OrderState& order, const GrantDiscount& command) {
    if (order.status != OrderStatus::placed)
        return foldback::reject("order-not-open", "only an order that waits for payment gets a discount");
    if (command.amount <= Cents{} || command.amount > order.total) {
        return foldback::reject("bad-discount", "a discount must be from 0.01 to {}", order.total.text());
    }
    return DiscountGranted{command.amount, command.reason};
}

OrderDecision decide(const OrderState& order, const PayOrder& command) {
    if (!order.payment_id.empty()) {
        if (order.payment_id == command.payment_id) return {};
        return foldback::reject("already-paid", "the order was paid with payment {}", order.payment_id);
    }
    if (order.status != OrderStatus::placed)
        return foldback::reject("order-not-open", "there is no order that waits for payment");
    if (command.payment_id.empty()) return foldback::reject("no-payment-id", "a payment needs a number");
    if (command.amount != order.total) {
        return foldback::reject("wrong-amount", "{} was paid, {} is due", command.amount.text(), order.total.text());
    }
    return OrderPaid{command.payment_id, command.amount};
}

OrderDecision decide(const OrderState& order, const ShipOrder& command) {
    const auto is_this = [&](const Shipment& shipment) { return shipment.id == command.shipment_id; };
    if (std::any_of(order.shipments.begin(), order.shipments.end(), is_this)) return {};
    if (order.status != OrderStatus::paid) return foldback::reject("order-not-paid", "only a paid order is shipped");
    if (command.shipment_id.empty()) return foldback::reject("no-shipment-id", "a shipment needs a number");

    const auto items = command.items ? *command.items : all_that_is_left(order);
    if (items.empty()) return foldback::reject("nothing-to-ship", "a shipment has at least one item");
    auto left = order.lines;
    for (const auto& item : items) {
        const auto line = find_sku(left, item.sku);
        if (line == left.end()) return foldback::reject("not-ordered", "{} was not ordered", item.sku);
        if (item.quantity < 1 || item.quantity > line->quantity - line->shipped) {
            return foldback::reject("not-ordered", "of {} there are {} left to ship", item.sku,
                                    line->quantity - line->shipped);
        }
        line->shipped += item.quantity;
    }
    return ShipmentSent{command.shipment_id, command.carrier, items};
}

OrderDecision decide(const OrderState& order, const ConfirmDelivery& command) {
    for (const auto& shipment : order.shipments) {
        if (shipment.id != command.shipment_id) continue;
        if (shipment.delivered) return {};
        return ShipmentDelivered{command.shipment_id};
    }
    return foldback::reject("unknown-shipment", "the order has no shipment {}", command.shipment_id);
}

OrderDecision decide(const OrderState& order, const CancelOrder& command) {
    if (order.status == OrderStatus::cancelled) return {};
    if (order.status == OrderStatus::none) return foldback::reject("order-not-open", "there is no such order");
    if (!order.shipments.empty()) return foldback::reject("already-shipped", "part of the order is on its way");
    OrderDecision decision = OrderCancelled{command.reason};
    if (order.paid > order.refunded) {
        decision.then(RefundIssued{"cancelled-" + order.payment_id, order.paid - order.refunded, command.reason});
    }
    return decision;
}

OrderDecision decide(const OrderState& order, const CancelUnpaidOrder& command) {
    if (order.status != OrderStatus::placed) return {};
    return OrderCancelled{command.reason};
}

OrderDecision decide(const OrderState& order, const RefundOrder& command) {
    if (std::find(order.refunds.begin(), order.refunds.end(), command.refund_id) != order.refunds.end()) return {};
    if (command.refund_id.empty()) return foldback::reject("no-refund-id", "a refund needs a number");
    const auto left = order.paid - order.refunded;
    if (command.amount <= Cents{} || command.amount > left) {
        return foldback::reject("bad-refund", "{} of the payment are left to refund", left.text());
    }
    return RefundIssued{command.refund_id, command.amount, command.reason};
}

}  // namespace orders
