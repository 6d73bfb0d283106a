#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace foldback::client::detail {

/// The bytes of a padded base64 text (RFC 4648 §4), in which line breaks may lie (PROTOCOL §5.8). Nothing when it is none.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

}  // namespace foldback::client::detail
