#pragma once

#include <span>
#include <string>
#include <string_view>

namespace foldback::cli {

/// How many letters must be inserted, deleted, replaced or swapped with their neighbour to turn one word into the other.
[[nodiscard]] std::size_t edit_distance(std::string_view left, std::string_view right);

/// The candidate that `word` was probably meant to be; empty when none is near (more than a third of it differs) and
/// none begins with it. Of equally near ones the first wins.
[[nodiscard]] std::string nearest(std::string_view word, std::span<const std::string> candidates);

/// ` Did you mean "…"?`, or nothing.
[[nodiscard]] std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

}  // namespace foldback::cli
