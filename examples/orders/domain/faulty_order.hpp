#pragma once

#include "domain/order.hpp"

/// A reducer with a planted fault, for trying out the debugger: `orders --with-bug`.
namespace orders {

/// Takes a discount off twice when there was one before.
struct FaultyOrderState : OrderState {
    using OrderState::apply;
    void apply(const DiscountGranted& granted) {
        const bool again = discount > Cents{};
        OrderState::apply(granted);
        if (again) total -= granted.amount;
    }
};
BOOST_DESCRIBE_STRUCT(FaultyOrderState, (OrderState), ())

using FaultyOrder = foldback::Aggregate<FaultyOrderState, OrderEvent>;

}  // namespace orders
