#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "foldback/server/api.hpp"
#include "foldback/store/stream_store.hpp"
#include "protocol/problem.hpp"

namespace foldback::server::protocol {

/// Streams that one request may append to.
inline constexpr std::size_t max_appends = 1'000;

/// The appends that the JSON body of a POST to `/v1/append` asks for (docs/http-api.md). Unknown and repeated members are
/// refused, so that nobody's condition is overlooked. Problems: 400, 413.
[[nodiscard]] Parsed<std::vector<AppendRequest>> parse_appends(std::string_view body, const ApiOptions& options);

}  // namespace foldback::server::protocol
