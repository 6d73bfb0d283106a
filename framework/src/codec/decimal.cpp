#include "foldback/core/decimal.hpp"

namespace foldback::detail {

bool parse_decimal(std::string_view text, unsigned places, std::int64_t& units) {
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    const auto point = text.find('.');
    const auto whole = text.substr(0, point);
    const auto fraction = point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
    if (whole.empty() || fraction.size() > places || (point != std::string_view::npos && fraction.empty()))
        return false;
    std::int64_t value = 0;
    // Counts downwards: the smallest number has no positive twin.
    const auto add = [&value](char c) {
        return c >= '0' && c <= '9' && !__builtin_mul_overflow(value, 10, &value) &&
               !__builtin_sub_overflow(value, c - '0', &value);
    };
    for (const char c : whole) {
        if (!add(c)) return false;
    }
    for (unsigned i = 0; i < places; ++i) {
        if (!add(i < fraction.size() ? fraction[i] : '0')) return false;
    }
    if (!negative && __builtin_sub_overflow(std::int64_t{0}, value, &value)) return false;
    units = value;
    return true;
}

std::string decimal_text(std::int64_t units, unsigned places) {
    std::string digits = std::to_string(units);
    const std::size_t sign = units < 0 ? 1 : 0;
    if (places == 0) return digits;
    if (digits.size() - sign <= places) digits.insert(sign, places + 1 - (digits.size() - sign), '0');
    digits.insert(digits.size() - places, 1, '.');
    return digits;
}

}  // namespace foldback::detail
