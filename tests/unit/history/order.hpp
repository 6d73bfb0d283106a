#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "foldback/app/repository.hpp"
#include "foldback/core/decision.hpp"
#include "foldback/store/log_store.hpp"

/// A small aggregate with an old event version, and a store with a history of it.
namespace foldback::history_test {

struct Line {
    std::string sku;
    int quantity = 0;
};
BOOST_DESCRIBE_STRUCT(Line, (), (sku, quantity))

struct PlacedV1 {
    std::string name;
};
BOOST_DESCRIBE_STRUCT(PlacedV1, (), (name))
struct Placed {
    std::string customer;
};
BOOST_DESCRIBE_STRUCT(Placed, (), (customer))
inline Placed upcast(const PlacedV1& old) { return {old.name}; }

struct LineAdded {
    Line line;
    std::int64_t cents = 0;
};
BOOST_DESCRIBE_STRUCT(LineAdded, (), (line, cents))
struct Discounted {
    std::int64_t cents = 0;
};
BOOST_DESCRIBE_STRUCT(Discounted, (), (cents))

using OrderEvent = Events<Named<"Placed", 2, Placed, Was<1, PlacedV1>>, Named<"LineAdded", 1, LineAdded>,
                          Named<"Discounted", 1, Discounted>>;

struct OrderState {
    std::string customer;
    std::vector<Line> lines;
    std::int64_t total = 0;
    void apply(const Placed& placed) { customer = placed.customer; }
    void apply(const LineAdded& added) {
        lines.push_back(added.line);
        total += added.cents;
    }
    void apply(const Discounted& discounted) { total -= discounted.cents; }
};
BOOST_DESCRIBE_STRUCT(OrderState, (), (customer, lines, total))
using Order = Aggregate<OrderState, OrderEvent>;

/// A placed order of 300 cents that is discounted to -200, and back to 50.
inline std::vector<OrderEvent> usual_history() {
    return {Placed{"Ada"}, LineAdded{{"tea", 1}, 100}, LineAdded{{"cup", 2}, 200}, Discounted{500},
            LineAdded{{"pot", 1}, 250}};
}

inline void append(StreamStore& store, const StreamPath& stream, const std::string& message) {
    const std::vector<std::string> messages{message};
    const auto appended = store.append({.stream = stream,
                                        .messages = Messages::trusted_json(std::span<const std::string>(messages)),
                                        .create_with = StreamConfig{.content_type = "application/json"}});
    (void)appended.value();
}

inline void append(StreamStore& store, const StreamPath& stream, const std::vector<OrderEvent>& events) {
    for (const auto& event : events) append(store, stream, to_envelope(event));
}

}  // namespace foldback::history_test
