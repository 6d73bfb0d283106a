#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace foldback::history {

using Json = nlohmann::json;

/// Throws std::invalid_argument.
[[nodiscard]] Json parse_json(std::string_view text);

[[nodiscard]] std::string to_text(const Json& document);

}  // namespace foldback::history
