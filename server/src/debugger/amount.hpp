#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <nlohmann/json.hpp>

/// Numbers that are written in strings, as amounts of money are: "23.40".
namespace foldback::server::debugger {

struct Amount {
    std::int64_t units = 0;    ///< 2340
    std::size_t decimals = 0;  ///< 2

    /// An integer when it has no decimals; else the floating-point number that is nearest.
    [[nodiscard]] nlohmann::ordered_json number() const;
};

/// Digits with a minus before and a point between them, if any: 18 digits at most. Nothing else is an amount.
[[nodiscard]] std::optional<Amount> amount_in(std::string_view text);

/// `left + right`; null where that does not fit.
[[nodiscard]] std::optional<Amount> sum_of(Amount left, Amount right);

}  // namespace foldback::server::debugger
