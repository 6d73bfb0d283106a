#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace foldback::cli {

/// One line; bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] inline std::string json_line(const nlohmann::ordered_json& document) {
    return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace foldback::cli
