#pragma once

#include <string>

#include <nlohmann/json.hpp>

/// Answers of the debugger as text for people. Control characters of a stranger's words are replaced.
namespace foldback::cli {

/// Which events before the one that led to a moment are not decoded, of the answer to `invariants`. Empty: none.
[[nodiscard]] std::string unread_text(const nlohmann::ordered_json& answer, std::uint64_t moment);
[[nodiscard]] std::string show_text(const nlohmann::ordered_json& answer);
[[nodiscard]] std::string log_line(const nlohmann::ordered_json& event);
[[nodiscard]] std::string diff_text(const nlohmann::ordered_json& answer);
[[nodiscard]] std::string blame_text(const nlohmann::ordered_json& answer);
[[nodiscard]] std::string found_line(const nlohmann::ordered_json& found);
[[nodiscard]] std::string what_if_text(const nlohmann::ordered_json& answer);
[[nodiscard]] std::string shrink_text(const nlohmann::ordered_json& answer);
[[nodiscard]] std::string compare_text(const nlohmann::ordered_json& answer);

}  // namespace foldback::cli
