#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace foldback::server::protocol {

/// Appends the standard base64 text of `bytes` (RFC 4648 §4), padded.
void append_base64(std::string& out, std::string_view bytes);

/// The bytes of a padded base64 text without line breaks; absent when it is none.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

}  // namespace foldback::server::protocol
