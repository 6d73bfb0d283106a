#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace foldback::server::protocol {

/// Whether `text` has a byte below 0x20, or 0x7F. Eight bytes at a time: it is asked of every line of every request and response.
[[nodiscard]] inline bool has_control_byte(std::string_view text) noexcept {
    constexpr std::uint64_t each = 0x0101'0101'0101'0101;
    // In each byte of the result the highest bit says it; no sum reaches the next byte.
    const auto controls_of = [](std::uint64_t bytes) {
        const auto low = bytes & (0x7F * each);
        const auto at_least_blank = low + 0x60 * each;
        const auto is_not_delete = (low ^ (0x7F * each)) + 0x7F * each;
        return ~((at_least_blank & is_not_delete) | bytes) & (0x80 * each);
    };
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    std::uint64_t word = 0;
    if (text.size() < sizeof word) return std::any_of(text.begin(), text.end(), is_control);
    std::uint64_t found = 0;
    const auto* const last = text.data() + text.size() - sizeof word;
    for (const auto* at = text.data(); at < last; at += sizeof word) {
        std::memcpy(&word, at, sizeof word);
        found |= controls_of(word);
    }
    std::memcpy(&word, last, sizeof word);
    return (found | controls_of(word)) != 0;
}

}  // namespace foldback::server::protocol
