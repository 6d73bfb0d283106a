#include "debugger/amount.hpp"

#include <utility>

namespace foldback::server::debugger {

namespace {

constexpr std::size_t max_digits = 18;

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

}  // namespace

nlohmann::ordered_json Amount::number() const {
    if (decimals == 0) return units;
    double divisor = 1;
    for (std::size_t i = 0; i < decimals; ++i) divisor *= 10;
    return static_cast<double>(units) / divisor;
}

std::optional<Amount> amount_in(std::string_view text) {
    const bool is_negative = text.starts_with('-');
    if (is_negative) text.remove_prefix(1);
    const auto point = text.find('.');
    const bool has_point = point != std::string_view::npos;
    if (text.empty() || text.size() > max_digits + (has_point ? 1 : 0)) return std::nullopt;
    if (point == 0 || point == text.size() - 1) return std::nullopt;
    Amount amount{.decimals = has_point ? text.size() - point - 1 : 0};
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (at == point) continue;
        if (!is_digit(text[at])) return std::nullopt;
        amount.units = amount.units * 10 + (text[at] - '0');
    }
    if (is_negative) amount.units = -amount.units;
    return amount;
}

std::optional<Amount> sum_of(Amount left, Amount right) {
    if (left.decimals > right.decimals) std::swap(left, right);
    for (; left.decimals < right.decimals; ++left.decimals) {
        if (__builtin_mul_overflow(left.units, std::int64_t{10}, &left.units)) return std::nullopt;
    }
    if (__builtin_add_overflow(left.units, right.units, &left.units)) return std::nullopt;
    return left;
}

}  // namespace foldback::server::debugger
