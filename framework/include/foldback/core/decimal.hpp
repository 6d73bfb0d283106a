#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "foldback/core/check.hpp"
#include "foldback/core/codec_base.hpp"

namespace foldback {

namespace detail {
/// Reads "-12.30" as units of 10^-places. False when the text is no such number, has more places or does not fit.
[[nodiscard]] bool parse_decimal(std::string_view text, unsigned places, std::int64_t& units);
[[nodiscard]] std::string decimal_text(std::int64_t units, unsigned places);
}  // namespace detail

/// An exact decimal number with a fixed number of places: money. Counts units of 10^-places in 64 bits. Stored as a string,
/// "12.30", because many JSON readers make a double of a number; a number is read as well, digit by digit.
///
/// Arithmetic that leaves the range aborts: check amounts that come from outside before computing with them.
template <unsigned places>
class Decimal {
    static_assert(places <= 18, "64 bits hold at most 18 places");

public:
    constexpr Decimal() = default;
    /// From a count of the smallest unit: Decimal<2>::units(1230) is 12.30.
    [[nodiscard]] static constexpr Decimal units(std::int64_t count) {
        Decimal value;
        value.units_ = count;
        return value;
    }
    /// From a text such as "12.30", "-1" or "0.5". False, and `value` unchanged, when it is none or does not fit.
    [[nodiscard]] static bool parse(std::string_view text, Decimal& value) {
        return detail::parse_decimal(text, places, value.units_);
    }

    [[nodiscard]] constexpr std::int64_t units() const noexcept { return units_; }
    /// With all its places: "12.30".
    [[nodiscard]] std::string text() const { return detail::decimal_text(units_, places); }

    constexpr Decimal& operator+=(Decimal other) {
        FOLDBACK_CHECK(!__builtin_add_overflow(units_, other.units_, &units_), "a decimal left its range");
        return *this;
    }
    constexpr Decimal& operator-=(Decimal other) {
        FOLDBACK_CHECK(!__builtin_sub_overflow(units_, other.units_, &units_), "a decimal left its range");
        return *this;
    }
    constexpr Decimal& operator*=(std::int64_t factor) {
        FOLDBACK_CHECK(!__builtin_mul_overflow(units_, factor, &units_), "a decimal left its range");
        return *this;
    }
    friend constexpr Decimal operator+(Decimal a, Decimal b) { return a += b; }
    friend constexpr Decimal operator-(Decimal a, Decimal b) { return a -= b; }
    friend constexpr Decimal operator*(Decimal a, std::int64_t factor) { return a *= factor; }
    friend constexpr Decimal operator*(std::int64_t factor, Decimal a) { return a *= factor; }
    friend constexpr Decimal operator-(Decimal a) { return Decimal{} -= a; }
    friend constexpr auto operator<=>(Decimal, Decimal) = default;

private:
    std::int64_t units_ = 0;
};

/// Money in a currency with cents.
using Cents = Decimal<2>;

template <unsigned places>
struct Codec<Decimal<places>> {
    static void write(JsonWriter& writer, Decimal<places> value) { writer.string(value.text()); }
    static void read(JsonReader& reader, Decimal<places>& value) {
        const auto text = reader.peek() == '"' ? reader.string() : reader.number_text();
        if (!Decimal<places>::parse(text, value))
            reader.fail("\"" + std::string(text) + "\" is no decimal with " + std::to_string(places) +
                        " places that fits 64 bits");
    }
};

}  // namespace foldback
