#pragma once

#include <cstdint>
#include <string>

#include <boost/describe/class.hpp>
#include <boost/describe/operators.hpp>

#include "domain/reservations.hpp"
#include "foldback/core/aggregate.hpp"
#include "foldback/core/decision.hpp"
#include "foldback/core/events.hpp"

/// The stock of one article: what lies on the shelf, and what of it is promised to orders.
namespace orders {

using boost::describe::operators::operator==;

struct StockReceived {
    std::int64_t quantity = 0;
};
BOOST_DESCRIBE_STRUCT(StockReceived, (), (quantity))

struct StockReserved {
    std::string order;
    std::int64_t quantity = 0;
};
BOOST_DESCRIBE_STRUCT(StockReserved, (), (order, quantity))

struct ReservationReleased {
    std::string order;
};
BOOST_DESCRIBE_STRUCT(ReservationReleased, (), (order))

struct StockShipped {
    std::string order;
    std::int64_t quantity = 0;
};
BOOST_DESCRIBE_STRUCT(StockShipped, (), (order, quantity))

using StockEvent = foldback::Events<
    foldback::Named<"StockReceived", 1, StockReceived>, foldback::Named<"StockReserved", 1, StockReserved>,
    foldback::Named<"ReservationReleased", 1, ReservationReleased>, foldback::Named<"StockShipped", 1, StockShipped>>;

struct StockState {
    std::int64_t on_hand = 0;  ///< on the shelf, promised ones included
    Reservations reserved;

    void apply(const StockReceived& received);
    void apply(const StockReserved& reservation);
    void apply(const ReservationReleased& released);
    void apply(const StockShipped& shipped);

    [[nodiscard]] std::int64_t available() const;
};
BOOST_DESCRIBE_STRUCT(StockState, (), (on_hand, reserved))

using Stock = foldback::Aggregate<StockState, StockEvent>;
using StockDecision = foldback::Decision<StockEvent>;

struct ReceiveStock {
    std::int64_t quantity = 0;
};
BOOST_DESCRIBE_STRUCT(ReceiveStock, (), (quantity))

struct ReserveStock {
    std::string order;
    std::int64_t quantity = 0;
};
BOOST_DESCRIBE_STRUCT(ReserveStock, (), (order, quantity))

struct ReleaseReservation {
    std::string order;
};
BOOST_DESCRIBE_STRUCT(ReleaseReservation, (), (order))

struct ShipStock {
    std::string order;
    std::int64_t quantity = 0;
};
BOOST_DESCRIBE_STRUCT(ShipStock, (), (order, quantity))

/// Rejects: bad-quantity.
[[nodiscard]] StockDecision decide(const StockState& stock, const ReceiveStock& command);
/// Once for an order. Rejects: bad-quantity, out-of-stock.
[[nodiscard]] StockDecision decide(const StockState& stock, const ReserveStock& command);
/// Nothing happens where nothing is reserved.
[[nodiscard]] StockDecision decide(const StockState& stock, const ReleaseReservation& command);
/// Rejects: not-reserved.
[[nodiscard]] StockDecision decide(const StockState& stock, const ShipStock& command);

}  // namespace orders
