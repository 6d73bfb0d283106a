#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace foldback {

/// The JSON Patch (RFC 6902) that makes `after` of `before`. Throws std::invalid_argument when one of them is no JSON.
[[nodiscard]] std::string json_diff(std::string_view before, std::string_view after);

/// `document` changed by a JSON Patch. Throws std::invalid_argument when one of them is no JSON, or the patch does not fit.
[[nodiscard]] std::string json_patched(std::string_view document, std::string_view patch);

/// Whether two JSON texts are the same value, whatever their blanks and the order of members. False for what is no JSON.
[[nodiscard]] bool json_equal(std::string_view left, std::string_view right);

/// A number that equal values have in common, whatever the blanks, escapes and the order of members of their texts, and
/// that different ones do not, but by a chance of one in 2^64. Numbers are equal when they are written alike. Throws
/// JsonError when it is no JSON, or nested more than 128 deep.
[[nodiscard]] std::uint64_t json_digest(std::string_view document);

/// The unescaped segments of a JSON Pointer (RFC 6901); "" is the whole document. Throws std::invalid_argument when it is
/// none.
[[nodiscard]] std::vector<std::string> pointer_segments(std::string_view pointer);

/// A segment as it stands in a JSON Pointer: `~` and `/` with their escapes.
[[nodiscard]] std::string escaped_segment(std::string_view segment);

}  // namespace foldback
