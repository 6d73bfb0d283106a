#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/describe/operators.hpp>

#include "foldback/core/decimal.hpp"
#include "foldback/core/events.hpp"
#include "foldback/core/upcast.hpp"

/// What can happen to an order. Facts, in the past tense, as they are stored: a member may be added (give it a default),
/// none may be renamed or change its meaning without a new version.
namespace orders {

using foldback::Cents;
using boost::describe::operators::operator==;

/// So many of one article, at what each of them costs.
struct Line {
    std::string sku;
    std::string name;
    std::int64_t quantity = 0;
    Cents unit_price;
};
BOOST_DESCRIBE_STRUCT(Line, (), (sku, name, quantity, unit_price))

struct OrderPlaced {
    std::string customer;
    std::vector<Line> lines;
    std::string channel;            ///< where it was ordered: "web", "phone", "shop"
    std::int64_t pay_within_s = 0;  ///< not paid by then, it is cancelled
};
BOOST_DESCRIBE_STRUCT(OrderPlaced, (), (customer, lines, channel, pay_within_s))

/// What was agreed unless somebody says otherwise, and always before version 3: half an hour.
inline constexpr std::int64_t usual_term_s = 1'800;

struct DiscountGranted {
    Cents amount;
    std::string reason;
};
BOOST_DESCRIBE_STRUCT(DiscountGranted, (), (amount, reason))

struct OrderPaid {
    std::string payment_id;
    Cents amount;
};
BOOST_DESCRIBE_STRUCT(OrderPaid, (), (payment_id, amount))

/// So many of one article in a parcel.
struct Packed {
    std::string sku;
    std::int64_t quantity = 0;
};
BOOST_DESCRIBE_STRUCT(Packed, (), (sku, quantity))

struct ShipmentSent {
    std::string shipment_id;
    std::string carrier;
    std::vector<Packed> items;
};
BOOST_DESCRIBE_STRUCT(ShipmentSent, (), (shipment_id, carrier, items))

struct ShipmentDelivered {
    std::string shipment_id;
};
BOOST_DESCRIBE_STRUCT(ShipmentDelivered, (), (shipment_id))

struct OrderCancelled {
    std::string reason;
};
BOOST_DESCRIBE_STRUCT(OrderCancelled, (), (reason))

struct RefundIssued {
    std::string refund_id;
    Cents amount;
    std::string reason;
};
BOOST_DESCRIBE_STRUCT(RefundIssued, (), (refund_id, amount, reason))

// Older versions. They are never written again, and never deleted: there are orders of that time.

/// Version 1: one article to an order, prices in whole cents.
struct OrderPlacedV1 {
    std::string customer;
    std::string sku;
    std::int64_t quantity = 0;
    std::int64_t price_cents = 0;
};
BOOST_DESCRIBE_STRUCT(OrderPlacedV1, (), (customer, sku, quantity, price_cents))

struct LineV2 {
    std::string sku;
    std::int64_t quantity = 0;
    Cents price;
};
BOOST_DESCRIBE_STRUCT(LineV2, (), (sku, quantity, price))

/// Version 2: several articles, without their names; there was only the web shop, and one term of payment.
struct OrderPlacedV2 {
    std::string customer;
    std::vector<LineV2> lines;
};
BOOST_DESCRIBE_STRUCT(OrderPlacedV2, (), (customer, lines))

[[nodiscard]] OrderPlacedV2 upcast(const OrderPlacedV1& old);
[[nodiscard]] OrderPlaced upcast(const OrderPlacedV2& old);

using OrderEvent = foldback::Events<
    foldback::Named<"OrderPlaced", 3, OrderPlaced, foldback::Was<1, OrderPlacedV1>, foldback::Was<2, OrderPlacedV2>>,
    foldback::Named<"DiscountGranted", 1, DiscountGranted>, foldback::Named<"OrderPaid", 1, OrderPaid>,
    foldback::Named<"ShipmentSent", 1, ShipmentSent>, foldback::Named<"ShipmentDelivered", 1, ShipmentDelivered>,
    foldback::Named<"OrderCancelled", 1, OrderCancelled>, foldback::Named<"RefundIssued", 1, RefundIssued>>;

}  // namespace orders
