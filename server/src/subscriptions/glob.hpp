#pragma once

#include <string>
#include <string_view>

namespace foldback::server::subscriptions {

/// Whether a pattern matches a stream's path (PROTOCOL §6.2): the segment `*` matches one segment, `**` matches zero or
/// more, any other matches itself.
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view path);

/// What every path that a pattern matches begins with: up to its first wildcard segment.
[[nodiscard]] std::string_view literal_prefix(std::string_view pattern);

/// Cuts the first segment, and the slash after it, off a path. Empty at the end.
[[nodiscard]] std::string_view take_segment(std::string_view& path);

}  // namespace foldback::server::subscriptions
