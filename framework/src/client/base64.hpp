#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace foldback::client::detail {

/// The bytes of a padded base64 text (RFC 4648 §4), in which line breaks may lie (PROTOCOL §5.8). Nothing when it is none.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

/// The padded base64 text of bytes, without line breaks.
[[nodiscard]] std::string encode_base64(std::string_view bytes);

}  // namespace foldback::client::detail
