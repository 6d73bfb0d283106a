#pragma once

#include <stdexcept>

#include "foldback/app/workflow.hpp"

/// A workflow for tests: an order that was placed must be paid within an hour, or it is cancelled.
namespace foldback::workflow_tests {

struct OrderPlaced {
    std::string customer;
};
BOOST_DESCRIBE_STRUCT(OrderPlaced, (), (customer))
struct OrderPaid {
    std::int64_t amount = 0;
};
BOOST_DESCRIBE_STRUCT(OrderPaid, (), (amount))
using OrderEvent = Events<Named<"OrderPlaced", 1, OrderPlaced>, Named<"OrderPaid", 1, OrderPaid>>;

struct Ship {
    std::string customer;
};
BOOST_DESCRIBE_STRUCT(Ship, (), (customer))
struct CancelOrder {
    std::string reason;
};
BOOST_DESCRIBE_STRUCT(CancelOrder, (), (reason))
using FulfilmentCommand = Events<Named<"Ship", 1, Ship>, Named<"CancelOrder", 1, CancelOrder>>;

struct Fulfilment {
    std::string customer;
    int inputs = 0;
    bool shipped = false;

    void apply(const OrderPlaced& placed) {
        customer = placed.customer;
        ++inputs;
    }
    void apply(const OrderPaid&) { ++inputs; }
    void apply(const Ship&) { shipped = true; }
};

inline Reactions<FulfilmentCommand> decide(const Fulfilment&, const OrderPlaced&) {
    return Reactions<FulfilmentCommand>().timeout_in("payment", std::chrono::hours{1});
}
inline Reactions<FulfilmentCommand> decide(const Fulfilment& state, const OrderPaid& paid) {
    if (state.shipped) return {};
    if (state.inputs == 0) throw std::logic_error("a payment for nothing");
    if (paid.amount < 0) return Reactions<FulfilmentCommand>().send(Ship{"\xFF"});  // no text: it cannot be written
    return Reactions<FulfilmentCommand>().send(Ship{state.customer}).cancel_timeout("payment");
}
inline Reactions<FulfilmentCommand> decide(const Fulfilment& state, const TimedOut& timed_out) {
    if (state.customer == "nobody") throw std::logic_error("whose order was it?");
    return Reactions<FulfilmentCommand>().send(CancelOrder{timed_out.name}).complete();
}

using FulfilmentWorkflow = Workflow<Fulfilment, OrderEvent, FulfilmentCommand>;

/// `orders/<id>` belongs to the workflow `<id>`, and so does `orders/<id>/…`.
inline std::optional<std::string> route(const Recorded<OrderEvent>& recorded) {
    const auto id = recorded.stream.substr(recorded.stream.find('/') + 1);
    return std::string(id.substr(0, id.find('/')));
}

inline FulfilmentWorkflow::Options fulfilment_options() {
    FulfilmentWorkflow::Options options;
    options.name = "fulfilment";
    options.category = "fulfilments";
    options.route = route;
    options.inputs = {.categories = {"orders"}};
    options.start = FromBeginning{};
    return options;
}

}  // namespace foldback::workflow_tests
