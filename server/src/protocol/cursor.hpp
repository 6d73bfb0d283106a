#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "foldback/store/types.hpp"
#include "protocol/problem.hpp"

namespace foldback::server::protocol {

/// Reads the cursor of a live request: a number up to 2^53-1, less what may be added to it.
[[nodiscard]] Parsed<std::uint64_t> parse_cursor(std::string_view text);

/// The cursor of a live response (PROTOCOL §10.1): the number of the current 20-second interval, or, when the client
/// has come that far already, its cursor and a random 1 to 180 intervals more. Always greater than the client's.
[[nodiscard]] std::uint64_t next_cursor(Timestamp now, std::optional<std::uint64_t> client_cursor);

}  // namespace foldback::server::protocol
