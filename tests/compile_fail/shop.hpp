#pragma once

// What is right in every case of this folder.

#include "foldback/core/aggregate.hpp"
#include "foldback/core/codec.hpp"
#include "foldback/core/decision.hpp"

namespace shop {

using namespace foldback;

struct OrderPlacedV1 {
    std::string name;
};
BOOST_DESCRIBE_STRUCT(OrderPlacedV1, (), (name))
struct OrderPlacedV2 {
    std::string customer;
};
BOOST_DESCRIBE_STRUCT(OrderPlacedV2, (), (customer))
struct OrderPlaced {
    std::string customer;
    int lines = 0;
};
BOOST_DESCRIBE_STRUCT(OrderPlaced, (), (customer, lines))
struct OrderPaid {
    int cents = 0;
};
BOOST_DESCRIBE_STRUCT(OrderPaid, (), (cents))

struct OrderState {
    void apply(const OrderPlaced&) {}
    void apply(const OrderPaid&) {}
};

}  // namespace shop
