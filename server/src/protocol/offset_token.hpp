#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "foldback/store/types.hpp"

namespace foldback::server::protocol {

/// The wire form of a place in a stream (PROTOCOL §8): `<incarnation>_<offset>`, each 16 decimal digits, so that
/// tokens of one stream sort as their offsets do.
[[nodiscard]] std::string offset_token(StreamPoint point);

/// Reads a token. Absent unless it has exactly that form.
[[nodiscard]] std::optional<StreamPoint> parse_offset_token(std::string_view token);

/// Whether a point names the start of whatever stream it is used on: the token of sixteen zeros twice, which the
/// protocol's own conformance suite uses. No stream has incarnation 0.
[[nodiscard]] constexpr bool is_start_of_any_stream(StreamPoint point) noexcept {
    return point.incarnation.value == 0 && point.offset.value == 0;
}

/// The wire form of a place in a feed: 20 decimal digits.
[[nodiscard]] std::string position_token(Position position);

/// Reads a token. Absent unless it has exactly that form and fits.
[[nodiscard]] std::optional<Position> parse_position_token(std::string_view token);

}  // namespace foldback::server::protocol
