#pragma once

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "domain/order_with_stock.hpp"
#include "foldback/core/codec.hpp"

/// Given these events, when this command, then these events or this rejection.
namespace orders::tests {

template <class State, class Event>
State fold(const std::vector<Event>& events) {
    State state;
    for (const auto& event : events) std::visit([&](const auto& one) { state.apply(one); }, event.variant());
    return state;
}

inline OrderState given(const std::vector<OrderEvent>& events) { return fold<OrderState>(events); }
inline StockState given_stock(const std::vector<StockEvent>& events) { return fold<StockState>(events); }

/// The events as JSON, so that a failure says what they are.
template <class Event>
std::vector<std::string> texts_of(const std::vector<Event>& events) {
    std::vector<std::string> texts;
    for (const auto& event : events) {
        std::visit(
            [&]<class One>(const One& one) {
                texts.push_back(std::string(Event::template name_of<One>) + foldback::to_json(one));
            },
            event.variant());
    }
    return texts;
}

/// The only event of a decision, as JSON behind its name; the code of a rejection; "nothing".
template <class Event>
std::string outcome(const foldback::Decision<Event>& decision) {
    if (decision.is_rejected()) return decision.rejection().code;
    std::string all;
    for (const auto& text : texts_of(decision.events())) all += (all.empty() ? "" : " ") + text;
    return all.empty() ? "nothing" : all;
}

inline Cents euros(const char* text) {
    Cents amount;
    REQUIRE(Cents::parse(text, amount));
    return amount;
}

inline const OrderPlaced two_teas_and_a_pot{
    .customer = "Ada",
    .lines = {{"TEA", "Assam", 2, Cents::units(890)}, {"POT", "Iron pot", 1, Cents::units(6'900)}},
    .channel = "web",
    .pay_within_s = usual_term_s};
inline const Cents their_price = Cents::units(8'680);

inline PlaceOrder place_two_teas_and_a_pot() {
    return {two_teas_and_a_pot.customer, two_teas_and_a_pot.lines, std::nullopt, std::nullopt};
}

}  // namespace orders::tests
