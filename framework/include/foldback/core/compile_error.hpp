#pragma once

#include <cstddef>
#include <string_view>

namespace foldback {

/// A string literal as a template argument.
template <std::size_t Size>
struct Text {
    char data[Size]{};

    consteval Text() = default;
    consteval Text(const char (&text)[Size]) {  // NOLINT(google-explicit-constructor): written as a literal
        for (std::size_t i = 0; i < Size; ++i) data[i] = text[i];
    }

    [[nodiscard]] constexpr std::string_view view() const noexcept { return {data, Size - 1}; }
    friend constexpr bool operator==(const Text&, const Text&) = default;
};

/// Never defined. Code that does not compile on purpose names it, so that the first error of g++ reads as a
/// sentence. (clang++ 14 prints the message as numbers, and the types in the lines below.)
template <Text message>
struct CompileError;

namespace detail {

/// How the compiler spells a type. For messages only: never stored.
template <class T>
[[nodiscard]] consteval std::string_view type_name() {
    constexpr std::string_view function = __PRETTY_FUNCTION__;
    constexpr auto begin = function.find("T = ") + 4;
    std::size_t end = begin;
    for (int depth = 0; end < function.size(); ++end) {
        const char c = function[end];
        if (depth == 0 && (c == ';' || c == ']')) break;
        if (c == '<' || c == '[' || c == '(') ++depth;
        if (c == '>' || c == ']' || c == ')') --depth;
    }
    return function.substr(begin, end - begin);
}

template <class T>
inline constexpr std::string_view name_of_type = type_name<T>();

template <Text text>
inline constexpr std::string_view literal = text.view();

template <unsigned number>
struct Digits {
    char data[12]{};
    std::size_t size = 0;
    constexpr Digits() {
        unsigned rest = number;
        do {
            ++size;
            rest /= 10;
        } while (rest != 0);
        rest = number;
        for (std::size_t i = size; i-- > 0; rest /= 10) data[i] = static_cast<char>('0' + rest % 10);
    }
};
template <unsigned number>
inline constexpr Digits<number> digits_of{};
template <unsigned number>
inline constexpr std::string_view number_text{digits_of<number>.data, digits_of<number>.size};

/// The parts as one text.
template <const std::string_view&... parts>
[[nodiscard]] consteval auto joined() {
    Text<(parts.size() + ... + 1)> text;
    std::size_t at = 0;
    const auto append = [&](std::string_view part) {
        for (const char c : part) text.data[at++] = c;
    };
    (append(parts), ...);
    return text;
}

}  // namespace detail

}  // namespace foldback
