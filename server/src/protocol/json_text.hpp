#pragma once

#include <string>
#include <string_view>

namespace foldback::server::protocol {

/// Appends `text`, which is valid UTF-8, as a JSON string with its quotes.
void append_json_string(std::string& out, std::string_view text);

}  // namespace foldback::server::protocol
