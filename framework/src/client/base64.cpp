#include "client/base64.hpp"

#include <array>
#include <cstdint>

namespace foldback::client::detail {
namespace {

constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t no_letter = 64;

constexpr std::array<std::uint8_t, 256> values = [] {
    std::array<std::uint8_t, 256> table{};
    table.fill(no_letter);
    for (std::size_t value = 0; value < letters.size(); ++value) {
        table[static_cast<unsigned char>(letters[value])] = static_cast<std::uint8_t>(value);
    }
    return table;
}();

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3);
    std::uint32_t bits = 0;
    std::size_t count = 0;
    std::size_t padding = 0;
    for (const char letter : text) {
        if (letter == '\n' || letter == '\r') continue;
        const auto value = values[static_cast<unsigned char>(letter)];
        if (letter == '=') {
            ++padding;
        } else if (value == no_letter || padding > 0) {
            return std::nullopt;
        }
        bits = bits << 6 | (value & 63U);
        if (++count % 4 != 0) continue;
        bytes += static_cast<char>(bits >> 16 & 0xFF);
        bytes += static_cast<char>(bits >> 8 & 0xFF);
        bytes += static_cast<char>(bits & 0xFF);
        bits = 0;
    }
    if (count % 4 != 0 || padding > 2) return std::nullopt;
    // What is left over in the last letter before the padding must be zero: one text for the same bytes.
    for (std::size_t index = 0; index < padding; ++index) {
        if (bytes.back() != '\0') return std::nullopt;
        bytes.pop_back();
    }
    return bytes;
}

std::string encode_base64(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const auto byte = [&](std::size_t index) -> std::uint32_t {
            return at + index < bytes.size() ? static_cast<unsigned char>(bytes[at + index]) : 0U;
        };
        const auto bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        text += letters[bits >> 18];
        text += letters[bits >> 12 & 63];
        text += at + 1 < bytes.size() ? letters[bits >> 6 & 63] : '=';
        text += at + 2 < bytes.size() ? letters[bits & 63] : '=';
    }
    return text;
}

}  // namespace foldback::client::detail
