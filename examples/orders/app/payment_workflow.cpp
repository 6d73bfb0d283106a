#include "app/payment_workflow.hpp"

namespace orders {

PaymentReactions decide(const PaymentState&, const OrderPlaced& placed) {
    return PaymentReactions().timeout_in("payment", std::chrono::seconds(placed.pay_within_s));
}

PaymentReactions decide(const PaymentState&, const OrderPaid&) { return PaymentReactions().complete(); }

PaymentReactions decide(const PaymentState&, const OrderCancelled&) { return PaymentReactions().complete(); }

PaymentReactions decide(const PaymentState&, const foldback::TimedOut&) {
    return PaymentReactions().send(CancelUnpaidOrder{"not paid in time"}).complete();
}

PaymentWorkflow::Options payment_options(OrderCommands& commands, const foldback::Clock& clock) {
    PaymentWorkflow::Options options;
    options.name = "payments";
    options.category = "payments";
    options.inputs = {.categories = {order_category}};
    options.clock = &clock;
    options.route = [](const foldback::Recorded<OrderEvent>& recorded) -> std::optional<std::string> {
        return std::string(recorded.stream.substr(recorded.stream.find('/') + 1));
    };
    options.dispatch = [&commands](const PaymentCommand& command, const foldback::Dispatch& dispatch) {
        std::visit(
            [&](const auto& one) {
                const auto answer = commands.carry_out(dispatch.workflow, one,
                                                       {.command_id = dispatch.command_id,
                                                        .actor = "payment workflow",
                                                        .causation = dispatch.metadata.causation,
                                                        .traceparent = dispatch.metadata.traceparent});
                // The race for the stock was lost again and again: the runner tries later, with the same id.
                if (answer && answer->outcome.is_conflict()) throw foldback::StorageError("the stock is too busy");
            },
            command.variant());
    };
    return options;
}

}  // namespace orders
