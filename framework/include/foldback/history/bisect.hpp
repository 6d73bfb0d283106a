#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "foldback/core/offset.hpp"

namespace foldback {

/// What a judge says of a moment.
enum class Verdict : std::uint8_t { good, bad, skip };

struct Bisected {
    Offset last_good;  ///< the greatest moment that was judged good, or was known to be
    /// The first bad moment is one of these, ascending. One is the answer; of several, all but the last were skipped.
    std::vector<Offset> candidates;
    std::size_t judged = 0;
};

/// Finds the first bad moment between a good one and a later bad one, asking a judge who is expensive: about log2 of the
/// moments between, more when it skips some. Neither end is asked about. Once bad, moments stay bad; where they do not, one
/// of the changes from good to bad is found. Throws what the judge throws.
[[nodiscard]] Bisected bisect(Offset good, Offset bad, const std::function<Verdict(Offset)>& judge);

}  // namespace foldback
