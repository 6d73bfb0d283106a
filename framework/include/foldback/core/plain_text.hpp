#pragma once

#include <bit>
#include <cstring>

namespace foldback::detail {

/// Where the text of a JSON string that needs no escapes ends: the first quote, backslash or control character from `at` on;
/// `end` when there is none. Clears `ascii` when a byte before it is none of ASCII.
[[nodiscard]] inline const char* plain_text_end(const char* at, const char* end, bool& ascii) noexcept {
#if defined(__SSE2__) && defined(__GNUC__)
    using Bytes = unsigned char __attribute__((vector_size(16)));
    using Signed = char __attribute__((vector_size(16)));
    while (end - at >= 16) {
        Bytes bytes;
        std::memcpy(&bytes, at, 16);
        const auto stops = (bytes == '"') | (bytes == '\\') | (bytes < 0x20);
        const auto mask = static_cast<unsigned>(__builtin_ia32_pmovmskb128(reinterpret_cast<Signed>(stops)));
        const auto high = static_cast<unsigned>(__builtin_ia32_pmovmskb128(reinterpret_cast<Signed>(bytes)));
        if (mask != 0) {
            ascii = ascii && (high & ((mask & -mask) - 1)) == 0;
            return at + std::countr_zero(mask);
        }
        ascii = ascii && high == 0;
        at += 16;
    }
#endif
    for (; at != end; ++at) {
        const auto byte = static_cast<unsigned char>(*at);
        if (byte == '"' || byte == '\\' || byte < 0x20) break;
        ascii = ascii && byte < 0x80;
    }
    return at;
}

}  // namespace foldback::detail
