#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "foldback/client/error.hpp"

namespace adapter {

/// The result of a command that failed.
[[nodiscard]] nlohmann::json failure(const std::string& command, const foldback::client::Error& error);
[[nodiscard]] nlohmann::json failure(const std::string& command, const std::string& code, const std::string& message);

}  // namespace adapter
