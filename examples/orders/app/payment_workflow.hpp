#pragma once

#include "app/order_commands.hpp"
#include "foldback/app/workflow.hpp"

/// Sees to it that an order is paid in time, or cancelled: a process manager over the order's events.
namespace orders {

using PaymentCommand = foldback::Events<foldback::Named<"CancelUnpaidOrder", 1, CancelUnpaidOrder>>;
using PaymentReactions = foldback::Reactions<PaymentCommand>;

/// What it remembers of an order: nothing but that it was placed. Timeouts are the framework's.
struct PaymentState {
    std::int64_t orders = 0;
    void apply(const OrderPlaced&) { ++orders; }
};

[[nodiscard]] PaymentReactions decide(const PaymentState& state, const OrderPlaced& placed);
[[nodiscard]] PaymentReactions decide(const PaymentState& state, const OrderPaid& paid);
[[nodiscard]] PaymentReactions decide(const PaymentState& state, const OrderCancelled& cancelled);
[[nodiscard]] PaymentReactions decide(const PaymentState& state, const foldback::TimedOut& timed_out);

using PaymentWorkflow = foldback::Workflow<PaymentState, OrderEvent, PaymentCommand>;

/// Cancels by `commands`, which must outlive the workflow.
[[nodiscard]] PaymentWorkflow::Options payment_options(OrderCommands& commands, const foldback::Clock& clock);

}  // namespace orders
