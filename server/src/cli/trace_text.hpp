#pragma once

#include <string>

#include <nlohmann/json.hpp>

/// The debugger's answer to `trace`, for people and for Graphviz.
namespace foldback::cli {

[[nodiscard]] std::string trace_text(const nlohmann::ordered_json& answer);
[[nodiscard]] std::string trace_dot(const nlohmann::ordered_json& answer);

}  // namespace foldback::cli
