#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include "domain/order_events.hpp"
#include "foldback/core/aggregate.hpp"
#include "foldback/core/decision.hpp"

namespace orders {

enum class OrderStatus : std::uint8_t { none, placed, paid, shipped, delivered, cancelled };
BOOST_DESCRIBE_ENUM(OrderStatus, none, placed, paid, shipped, delivered, cancelled)

struct OrderedLine {
    std::string sku;
    std::string name;
    std::int64_t quantity = 0;
    std::int64_t shipped = 0;
    Cents unit_price;
};
BOOST_DESCRIBE_STRUCT(OrderedLine, (), (sku, name, quantity, shipped, unit_price))

struct Shipment {
    std::string id;
    std::string carrier;
    bool delivered = false;
};
BOOST_DESCRIBE_STRUCT(Shipment, (), (id, carrier, delivered))

/// An order as its events say it is. `apply` records what happened and asks nothing.
struct OrderState {
    OrderStatus status = OrderStatus::none;
    std::string customer;
    std::string channel;
    std::vector<OrderedLine> lines;
    std::vector<Shipment> shipments;
    Cents total;  ///< to be paid: the lines less the discounts
    Cents discount;
    Cents paid;
    Cents refunded;
    std::string payment_id;
    std::vector<std::string> refunds;
    std::string cancelled_because;

    void apply(const OrderPlaced& placed);
    void apply(const DiscountGranted& granted);
    void apply(const OrderPaid& paid_now);
    void apply(const ShipmentSent& sent);
    void apply(const ShipmentDelivered& delivered);
    void apply(const OrderCancelled& cancelled);
    void apply(const RefundIssued& issued);

    /// All that was ordered is on its way.
    [[nodiscard]] bool is_shipped_whole() const;
    [[nodiscard]] bool is_delivered_whole() const;
};
BOOST_DESCRIBE_STRUCT(OrderState, (),
                      (status, customer, channel, lines, shipments, total, discount, paid, refunded, payment_id,
                       refunds, cancelled_because))

using Order = foldback::Aggregate<OrderState, OrderEvent>;
using OrderDecision = foldback::Decision<OrderEvent>;

// Commands: what somebody wants to happen.

struct PlaceOrder {
    std::string customer;
    std::vector<Line> lines;
    std::optional<std::string> channel;        ///< absent: "web"
    std::optional<std::int64_t> pay_within_s;  ///< absent: the usual term
};
BOOST_DESCRIBE_STRUCT(PlaceOrder, (), (customer, lines, channel, pay_within_s))

struct GrantDiscount {
    Cents amount;
    std::string reason;
};
BOOST_DESCRIBE_STRUCT(GrantDiscount, (), (amount, reason))

struct PayOrder {
    std::string payment_id;
    Cents amount;
};
BOOST_DESCRIBE_STRUCT(PayOrder, (), (payment_id, amount))

struct ShipOrder {
    std::string shipment_id;
    std::string carrier;
    std::optional<std::vector<Packed>> items;  ///< absent: all that is left
};
BOOST_DESCRIBE_STRUCT(ShipOrder, (), (shipment_id, carrier, items))

struct ConfirmDelivery {
    std::string shipment_id;
};
BOOST_DESCRIBE_STRUCT(ConfirmDelivery, (), (shipment_id))

struct CancelOrder {
    std::string reason;
};
BOOST_DESCRIBE_STRUCT(CancelOrder, (), (reason))

/// The term of payment is over. A paid order stays as it is, however late the money came.
struct CancelUnpaidOrder {
    std::string reason;
};
BOOST_DESCRIBE_STRUCT(CancelUnpaidOrder, (), (reason))

struct RefundOrder {
    std::string refund_id;
    Cents amount;
    std::string reason;
};
BOOST_DESCRIBE_STRUCT(RefundOrder, (), (refund_id, amount, reason))

// The rules. A command that finds its wish already fulfilled makes nothing happen, so each may be sent twice.

/// Rejects: no-customer, empty-order, bad-line, bad-term, order-exists.
[[nodiscard]] OrderDecision decide(const OrderState& order, const PlaceOrder& command);
/// Rejects: order-not-open, bad-discount.
[[nodiscard]] OrderDecision decide(const OrderState& order, const GrantDiscount& command);
/// Rejects: order-not-open, no-payment-id, wrong-amount, already-paid.
[[nodiscard]] OrderDecision decide(const OrderState& order, const PayOrder& command);
/// Rejects: order-not-paid, no-shipment-id, nothing-to-ship, not-ordered.
[[nodiscard]] OrderDecision decide(const OrderState& order, const ShipOrder& command);
/// Rejects: unknown-shipment.
[[nodiscard]] OrderDecision decide(const OrderState& order, const ConfirmDelivery& command);
/// A paid order's money goes back with it. Rejects: order-not-open, already-shipped.
[[nodiscard]] OrderDecision decide(const OrderState& order, const CancelOrder& command);
/// Nothing happens unless the order waits for payment.
[[nodiscard]] OrderDecision decide(const OrderState& order, const CancelUnpaidOrder& command);
/// Rejects: no-refund-id, bad-refund.
[[nodiscard]] OrderDecision decide(const OrderState& order, const RefundOrder& command);

}  // namespace orders
