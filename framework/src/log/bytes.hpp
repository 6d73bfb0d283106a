#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

/// Little-endian numbers and views of bytes, as the store's files use them.
namespace foldback::log {

template <std::integral Number>
[[nodiscard]] constexpr Number little_endian(Number value) noexcept {
    if constexpr (std::endian::native == std::endian::little || sizeof(Number) == 1) {
        return value;
    } else {
        std::make_unsigned_t<Number> in = static_cast<std::make_unsigned_t<Number>>(value);
        std::make_unsigned_t<Number> swapped = 0;
        for (std::size_t i = 0; i < sizeof(Number); ++i, in >>= 8) swapped = (swapped << 8) | (in & 0xFF);
        return static_cast<Number>(swapped);
    }
}

template <std::integral Number>
void store_number(char* to, Number value) noexcept {
    const Number stored = little_endian(value);
    std::memcpy(to, &stored, sizeof stored);
}

template <std::integral Number>
[[nodiscard]] Number load_number(const char* from) noexcept {
    Number stored;
    std::memcpy(&stored, from, sizeof stored);
    return little_endian(stored);
}

/// To a string or a ByteBuffer.
template <class Out, std::integral Number>
void append_number(Out& out, Number value) {
    const Number stored = little_endian(value);
    out.append(reinterpret_cast<const char*>(&stored), sizeof stored);
}

/// The next multiple of `step`, a power of two.
[[nodiscard]] constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t step) noexcept {
    return (value + step - 1) & ~(step - 1);
}

[[nodiscard]] inline std::span<const std::byte> as_bytes(std::string_view text) noexcept {
    return std::as_bytes(std::span(text.data(), text.size()));
}

[[nodiscard]] inline bool is_zero(std::string_view bytes) noexcept {
    return bytes.empty() || (bytes[0] == '\0' && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

}  // namespace foldback::log
