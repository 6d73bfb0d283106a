#include "program/debugging.hpp"

#include <iostream>

#include "domain/faulty_order.hpp"
#include "domain/invariants.hpp"
#include "domain/order.hpp"
#include "domain/stock.hpp"
#include "foldback/server/debug_adapter.hpp"
#include "foldback/version.hpp"
#include "program/command_line.hpp"

namespace orders::cli {
namespace {

template <class Aggregate>
foldback::LensOptions<Aggregate> order_lens() {
    return {.invariants = {{"total-is-lines-less-discounts", total_is_lines_less_discounts},
                           {"total-is-not-negative", total_is_not_negative},
                           {"paid-what-was-due", paid_what_was_due},
                           {"refunds-at-most-the-payment", refunds_at_most_the_payment},
                           {"ships-at-most-what-was-ordered", ships_at_most_what_was_ordered}},
            .identity = {{"/lines", "sku"}, {"/shipments", "id"}}};
}

}  // namespace

foldback::Registry debugger_registry(Reducer reducer) {
    foldback::Registry registry;
    switch (reducer) {
        case Reducer::sound: registry.add<Order>("orders", order_lens<Order>()); break;
        case Reducer::faulty: registry.add<FaultyOrder>("orders", order_lens<FaultyOrder>()); break;
    }
    registry.add<Stock>("stock", {.invariants = {{"promises-at-most-what-is-there", promises_at_most_what_is_there}}});
    return registry;
}

std::string build_name(Reducer reducer) {
    return "orders " + std::string(foldback::version()) + (reducer == Reducer::faulty ? " with the planted fault" : "");
}

ExitCode adapt_for_comparing(Reducer reducer) {
    const bool whole =
        foldback::server::run_debug_adapter(debugger_registry(reducer), build_name(reducer), std::cin, std::cout) == 0;
    return whole ? ExitCode::ok : ExitCode::no;
}

std::vector<foldback::server::TimelineMark> checkpoints_of(const Shop& shop) {
    std::vector<foldback::server::TimelineMark> marks;
    for (const auto& status : shop.projections().statuses())
        marks.push_back({.name = status.name, .until = status.checkpoint});
    return marks;
}

}  // namespace orders::cli
