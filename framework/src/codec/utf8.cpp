#include "codec/utf8.hpp"

#include <simdjson.h>

namespace foldback {

namespace {

bool is_continuation(char byte) noexcept { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

/// How long a character is that begins with `lead`; 0 when none does.
std::size_t character_bytes(char lead) noexcept {
    const auto byte = static_cast<unsigned char>(lead);
    if (byte < 0x80) return 1;
    if (byte < 0xC0) return 0;
    if (byte < 0xE0) return 2;
    return byte < 0xF0 ? 3 : 4;
}

}  // namespace

bool is_utf8(std::string_view text) noexcept { return simdjson::validate_utf8(text.data(), text.size()); }

std::size_t valid_utf8_prefix(std::string_view text) noexcept {
    constexpr std::size_t block_bytes = 4096;
    std::size_t valid = 0;
    while (text.size() - valid > block_bytes) {
        auto end = valid + block_bytes;
        while (is_continuation(text[end]) && end > valid + block_bytes - 3) --end;
        if (!is_utf8(text.substr(valid, end - valid))) break;
        valid = end;
    }
    while (valid != text.size()) {
        const auto size = character_bytes(text[valid]);
        if (size == 0 || size > text.size() - valid || !is_utf8(text.substr(valid, size))) break;
        valid += size;
    }
    return valid;
}

}  // namespace foldback
