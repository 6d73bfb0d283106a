#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foldback/store/types.hpp"

namespace foldback::server::subscriptions {

/// How far the messages of a store were looked at: a position in each of its logs, which have no order among them.
using Cursor = std::vector<Position>;

/// What lies before both: in each log the lower position. They are of the same store.
[[nodiscard]] Cursor earlier_of(const Cursor& one, const Cursor& other);

/// Messages from one cursor to a later one.
[[nodiscard]] std::uint64_t messages_between(const Cursor& from, const Cursor& to);

/// Position tokens, separated by commas.
[[nodiscard]] std::string text_of(const Cursor& cursor);
/// Absent when the text is not of a store with so many logs.
[[nodiscard]] std::optional<Cursor> parse_cursor(std::string_view text, std::size_t logs);

}  // namespace foldback::server::subscriptions
