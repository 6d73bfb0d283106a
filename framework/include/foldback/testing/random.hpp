#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "foldback/core/codec.hpp"
#include "foldback/core/decimal.hpp"

namespace foldback::testing {

/// Random numbers that are the same on every machine for the same seed.
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    [[nodiscard]] std::uint64_t next() {
        state_ += 0x9E3779B97F4A7C15ULL;
        std::uint64_t mixed = state_;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ULL;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
        return mixed ^ (mixed >> 31);
    }
    /// 0 to `bound` - 1. Precondition: bound > 0.
    [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return next() % bound; }
    /// True once in `times`.
    [[nodiscard]] bool one_in(std::uint64_t times) { return below(times) == 0; }

    /// Values are as large as their types allow, instead of small enough to be added up.
    bool extreme = false;

private:
    std::uint64_t state_;
};

/// How random values of a type of your own are made, where its description is not how. Specialise it with a
/// `static T make(Random& random)`.
template <class T>
struct Arbitrary;

/// A random value: of described structs and enums, of what the codec stores, and of types with an Arbitrary.
template <class T>
[[nodiscard]] T random_value(Random& random);

/// A short text, sometimes with quotes, escapes and letters of several bytes.
[[nodiscard]] std::string random_text(Random& random);

namespace detail {

template <class T>
concept HasArbitrary = requires(Random& random) {
    { Arbitrary<T>::make(random) } -> std::convertible_to<T>;
};

template <std::integral T>
[[nodiscard]] T random_integer(Random& random) {
    if (random.extreme) {
        switch (random.below(4)) {
            case 0: return std::numeric_limits<T>::max();
            case 1: return std::numeric_limits<T>::min();
            default: return static_cast<T>(random.next());
        }
    }
    const std::uint64_t most = std::numeric_limits<T>::max();
    const std::uint64_t bound = (random.one_in(4) ? std::uint64_t{1'000'000} : std::uint64_t{10}) % most;
    const auto value = static_cast<T>(random.below(bound + 1));
    if constexpr (std::signed_integral<T>) {
        return random.one_in(4) ? static_cast<T>(-value) : value;
    } else {
        return value;
    }
}

/// 0 to 3 elements, or one in ten times up to 12.
[[nodiscard]] inline std::uint64_t random_size(Random& random) { return random.below(random.one_in(10) ? 13 : 4); }

template <class T>
struct Made {
    static T make(Random&) {
        constexpr auto message = foldback::detail::joined<
            foldback::detail::literal<"no random values for ">, foldback::detail::name_of_type<T>,
            foldback::detail::literal<": describe it, or specialise foldback::testing::Arbitrary for it">>();
        static_assert(sizeof(CompileError<message>) > 0);
    }
};
template <>
struct Made<bool> {
    static bool make(Random& random) { return random.one_in(2); }
};
template <std::integral T>
struct Made<T> {
    static T make(Random& random) { return random_integer<T>(random); }
};
template <std::floating_point T>
struct Made<T> {
    static T make(Random& random) {
        const auto number = static_cast<T>(random_integer<std::int32_t>(random));
        return random.extreme ? number / static_cast<T>(7) : number / static_cast<T>(4);
    }
};
template <>
struct Made<std::string> {
    static std::string make(Random& random) { return random_text(random); }
};
template <>
struct Made<JsonText> {
    static JsonText make(Random& random) {
        std::string text;
        JsonWriter(text).string(random_text(random));
        return {text};
    }
};
template <unsigned places>
struct Made<Decimal<places>> {
    static Decimal<places> make(Random& random) { return Decimal<places>::units(random_integer<std::int64_t>(random)); }
};
template <class T>
requires(std::is_enum_v<T>) struct Made<T> {
    static T make(Random& random) {
        using Names = boost::describe::describe_enumerators<T>;
        auto chosen = random.below(boost::mp11::mp_size<Names>::value);
        T value{};
        boost::mp11::mp_for_each<Names>([&](auto one) {
            if (chosen-- == 0) value = one.value;
        });
        return value;
    }
};
template <class T>
struct Made<std::optional<T>> {
    static std::optional<T> make(Random& random) {
        if (random.one_in(3)) return std::nullopt;
        return random_value<T>(random);
    }
};
template <class T>
requires(foldback::detail::SequenceLike<T>) struct Made<T> {
    static T make(Random& random) {
        T list;
        for (auto left = random_size(random); left > 0; --left) {
            list.insert(list.end(), random_value<typename T::value_type>(random));
        }
        return list;
    }
};
template <class T>
requires(foldback::detail::MapLike<T>) struct Made<T> {
    static T make(Random& random) {
        T map;
        for (auto left = random_size(random); left > 0; --left) {
            auto key = random_value<typename T::key_type>(random);
            map.try_emplace(std::move(key), random_value<typename T::mapped_type>(random));
        }
        return map;
    }
};
template <class T, std::size_t size>
struct Made<std::array<T, size>> {
    static std::array<T, size> make(Random& random) {
        std::array<T, size> list{};
        for (auto& item : list) item = random_value<T>(random);
        return list;
    }
};
template <class First, class Second>
struct Made<std::pair<First, Second>> {
    static std::pair<First, Second> make(Random& random) {
        auto first = random_value<First>(random);
        return {std::move(first), random_value<Second>(random)};
    }
};
template <class... Cases>
struct Made<std::variant<Cases...>> {
    static std::variant<Cases...> make(Random& random) {
        std::variant<Cases...> value;
        auto chosen = random.below(sizeof...(Cases));
        ((chosen-- == 0 ? void(value.template emplace<Cases>(random_value<Cases>(random))) : void()), ...);
        return value;
    }
};
template <class Rep, class Period>
struct Made<std::chrono::duration<Rep, Period>> {
    static std::chrono::duration<Rep, Period> make(Random& random) {
        return std::chrono::duration<Rep, Period>(random_value<Rep>(random));
    }
};
template <class Clock, class Duration>
struct Made<std::chrono::time_point<Clock, Duration>> {
    static std::chrono::time_point<Clock, Duration> make(Random& random) {
        return std::chrono::time_point<Clock, Duration>(random_value<Duration>(random));
    }
};
template <class T>
requires(std::is_class_v<T>&& boost::describe::has_describe_members<T>::value) struct Made<T> {
    static T make(Random& random) {
        T value{};
        fill(random, value, static_cast<const foldback::detail::MembersOf<T>*>(nullptr));
        return value;
    }

private:
    template <template <class...> class List, class... Members>
    static void fill(Random& random, T& value, const List<Members...>*) {
        ((value.*Members::pointer = random_value<foldback::detail::MemberType<T, Members>>(random)), ...);
    }
};

}  // namespace detail

template <class T>
T random_value(Random& random) {
    if constexpr (detail::HasArbitrary<T>) {
        return Arbitrary<T>::make(random);
    } else {
        return detail::Made<T>::make(random);
    }
}

}  // namespace foldback::testing
