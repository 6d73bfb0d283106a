#pragma once

#include <string_view>

namespace foldback::server::protocol {

/// Whether a path, or the prefix of one, is below `__ds`, which the protocol reserves (PROTOCOL §6) and where this server
/// keeps streams of its own: no operation on streams reaches them, and nothing lists them.
[[nodiscard]] constexpr bool is_reserved(std::string_view path) noexcept {
    return path.substr(0, path.find('/')) == "__ds";
}

inline constexpr std::string_view reserved_prefix = "__ds/";

/// Sorts after every reserved path, and before all others that come after one.
inline constexpr std::string_view after_reserved = "__ds/\xFF";

}  // namespace foldback::server::protocol
