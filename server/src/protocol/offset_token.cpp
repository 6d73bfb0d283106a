#include "protocol/offset_token.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <stdexcept>

namespace foldback::server::protocol {

namespace {

constexpr std::size_t half = 16;
constexpr std::size_t position_digits = 20;
constexpr std::uint64_t beyond_half = 10'000'000'000'000'000;

/// Writes `value` right-aligned into digits that are '0' so far.
void write_digits(char* end, std::uint64_t value) noexcept {
    for (; value != 0; value /= 10) *--end = static_cast<char>('0' + value % 10);
}

std::optional<std::uint64_t> read_digits(std::string_view digits) noexcept {
    const auto is_digit = [](char byte) { return byte >= '0' && byte <= '9'; };
    if (!std::all_of(digits.begin(), digits.end(), is_digit)) return std::nullopt;
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{}) return std::nullopt;
    return value;
}

}  // namespace

std::string offset_token(StreamPoint point) {
    if (point.incarnation.value >= beyond_half || point.offset.value >= beyond_half) {
        throw std::length_error("an offset has more digits than its token");
    }
    std::string token(2 * half + 1, '0');
    token[half] = '_';
    write_digits(token.data() + half, point.incarnation.value);
    write_digits(token.data() + token.size(), point.offset.value);
    return token;
}

std::optional<StreamPoint> parse_offset_token(std::string_view token) {
    if (token.size() != 2 * half + 1 || token[half] != '_') return std::nullopt;
    const auto incarnation = read_digits(token.substr(0, half));
    const auto offset = read_digits(token.substr(half + 1));
    if (!incarnation || !offset) return std::nullopt;
    return StreamPoint{Incarnation{*incarnation}, Offset{*offset}};
}

std::string position_token(Position position) {
    std::string token(position_digits, '0');
    write_digits(token.data() + token.size(), position.value);
    return token;
}

std::optional<Position> parse_position_token(std::string_view token) {
    if (token.size() != position_digits) return std::nullopt;
    const auto position = read_digits(token);
    if (!position) return std::nullopt;
    return Position{*position};
}

}  // namespace foldback::server::protocol
