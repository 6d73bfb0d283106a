#pragma once

#include <string>
#include <string_view>

namespace foldback::server::protocol {

/// Appends the standard base64 text of `bytes` (RFC 4648 §4), padded.
void append_base64(std::string& out, std::string_view bytes);

}  // namespace foldback::server::protocol
