#include "domain/stock.hpp"

namespace orders {
namespace {

constexpr std::int64_t largest_delivery = 1'000'000;

}  // namespace

void StockState::apply(const StockReceived& received) { on_hand += received.quantity; }

void StockState::apply(const StockReserved& reservation) {
    reserved.try_emplace(reservation.order).first->second += reservation.quantity;
}

void StockState::apply(const ReservationReleased& released) { reserved.erase(released.order); }

void StockState::apply(const StockShipped& shipped) {
    on_hand -= shipped.quantity;
    const auto left = reserved.of(shipped.order) - shipped.quantity;
    if (left > 0) {
        reserved.try_emplace(shipped.order).first->second = left;
    } else {
        reserved.erase(shipped.order);
    }
}

std::int64_t StockState::available() const {
    auto available = on_hand;
    for (const auto& [order, quantity] : reserved) available -= quantity;
    return available;
}

StockDecision decide(const StockState&, const ReceiveStock& command) {
    if (command.quantity < 1 || command.quantity > largest_delivery) {
        return foldback::reject("bad-quantity", "a delivery has from 1 to {} pieces", largest_delivery);
    }
    return StockReceived{command.quantity};
}

StockDecision decide(const StockState& stock, const ReserveStock& command) {
    if (stock.reserved.of(command.order) > 0) return {};
    if (command.quantity < 1) return foldback::reject("bad-quantity", "a reservation has at least one piece");
    if (command.quantity > stock.available()) {
        return foldback::reject("out-of-stock", "{} wanted, {} available", command.quantity, stock.available());
    }
    return StockReserved{command.order, command.quantity};
}

StockDecision decide(const StockState& stock, const ReleaseReservation& command) {
    if (stock.reserved.of(command.order) == 0) return {};
    return ReservationReleased{command.order};
}

StockDecision decide(const StockState& stock, const ShipStock& command) {
    const auto reserved = stock.reserved.of(command.order);
    if (command.quantity < 1 || command.quantity > reserved) {
        return foldback::reject("not-reserved", "{} to ship, {} reserved for the order", command.quantity, reserved);
    }
    return StockShipped{command.order, command.quantity};
}

}  // namespace orders
