#pragma once

#include <string>
#include <string_view>

namespace foldback {

/// The JSON Patch (RFC 6902) that makes `after` of `before`. Throws std::invalid_argument when one of them is no JSON.
[[nodiscard]] std::string json_diff(std::string_view before, std::string_view after);

/// `document` changed by a JSON Patch. Throws std::invalid_argument when one of them is no JSON, or the patch does not fit.
[[nodiscard]] std::string json_patched(std::string_view document, std::string_view patch);

/// Whether two JSON texts are the same value, whatever their blanks and the order of members. False for what is no JSON.
[[nodiscard]] bool json_equal(std::string_view left, std::string_view right);

}  // namespace foldback
