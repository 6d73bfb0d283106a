#pragma once

// An event that older programs stored in two messages.

#include "shop.hpp"

namespace shop {

struct HalfPlaced {
    int lines = 0;
};
BOOST_DESCRIBE_STRUCT(HalfPlaced, (), (lines))

struct Halves {
    int lines = 0;
    [[nodiscard]] bool is_idle() const { return lines == 0; }
    std::optional<OrderPlaced> add(const HalfPlaced& half) {
        if (lines == 0) {
            lines = half.lines;
            return std::nullopt;
        }
        return OrderPlaced{"", std::exchange(lines, 0) + half.lines};
    }
};

using MergedEvent = Events<Named<"OrderPlaced", 2, OrderPlaced, Was<1, HalfPlaced, &Halves::add>>>;

}  // namespace shop
