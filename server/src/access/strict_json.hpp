#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "foldback/server/access.hpp"

namespace foldback::server::access {

/// Reads a JSON document that nobody can read in two ways: nothing when it is none, when an object has a key twice, or
/// when it is nested deeper than 16 levels.
[[nodiscard]] std::optional<nlohmann::json> parse_strict(std::string_view text);

// For documents that people write. All throw AccessError that begins with `place`.

/// `object` must be an object with no other members than these.
void require_members(const nlohmann::json& object, std::initializer_list<std::string_view> names,
                     const std::string& place);
/// A member that must be there and be a non-empty string.
[[nodiscard]] std::string text_member(const nlohmann::json& object, const char* name, const std::string& place);

}  // namespace foldback::server::access
