#pragma once

#include <compare>
#include <cstdint>

namespace foldback {

/// A place in one stream: how many messages (JSON streams) or bytes (other streams) lie before it. The version of an
/// aggregate is its stream's offset.
struct Offset {
    std::uint64_t value = 0;

    friend auto operator<=>(Offset, Offset) = default;
};

/// A place in the store: how many messages lie before it, over all streams, in commit order. Gap-free.
struct Position {
    std::uint64_t value = 0;

    friend auto operator<=>(Position, Position) = default;
};

}  // namespace foldback
