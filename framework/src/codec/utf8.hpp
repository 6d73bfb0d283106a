#pragma once

#include <cstddef>
#include <string_view>

namespace foldback {

/// Whether `text` is valid UTF-8: no overlong forms, no surrogates, nothing beyond U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// How many bytes at the beginning of `text` are whole, valid characters. Slow; for messages about bad input.
[[nodiscard]] std::size_t valid_utf8_prefix(std::string_view text) noexcept;

}  // namespace foldback
