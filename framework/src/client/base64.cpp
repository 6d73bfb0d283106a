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

}  // namespace foldback::client::detail
