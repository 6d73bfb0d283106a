#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "foldback/core/codec.hpp"

namespace foldback::detail {

/// Roughly the memory that a value holds outside itself. Exact enough to bound a cache of states: it knows what the codec
/// knows, and counts other types as holding none.
template <class T>
[[nodiscard]] std::size_t heap_bytes(const T& value);

template <class T>
inline constexpr bool is_flat = std::is_arithmetic_v<T> || std::is_enum_v<T>;

template <class T, template <class...> class List, class... Members>
[[nodiscard]] std::size_t heap_bytes_of_members(const T& value, const List<Members...>*) {
    return (std::size_t{0} + ... + heap_bytes(value.*Members::pointer));
}

template <class T>
[[nodiscard]] std::size_t heap_bytes_in(const std::optional<T>& value) {
    return value ? heap_bytes(*value) : 0;
}
template <class... Cases>
[[nodiscard]] std::size_t heap_bytes_in(const std::variant<Cases...>& value) {
    return std::visit([](const auto& one) { return heap_bytes(one); }, value);
}
template <class First, class Second>
[[nodiscard]] std::size_t heap_bytes_in(const std::pair<First, Second>& value) {
    return heap_bytes(value.first) + heap_bytes(value.second);
}
[[nodiscard]] inline std::size_t heap_bytes_in(const JsonText& value) { return heap_bytes(value.text); }
[[nodiscard]] inline std::size_t heap_bytes_in(...) { return 0; }

template <class T>
std::size_t heap_bytes(const T& value) {
    constexpr std::size_t node = 4 * sizeof(void*);  // what a tree or a list keeps beside the value
    if constexpr (is_flat<T>) {
        return 0;
    } else if constexpr (std::is_same_v<T, std::string>) {
        return value.capacity() < sizeof(std::string) / 2 ? 0 : value.capacity() + 1;
    } else if constexpr (MapLike<T> || SequenceLike<T>) {
        using Element = typename T::value_type;
        constexpr bool is_vector = requires { value.capacity(); };
        std::size_t bytes = 0;
        if constexpr (is_vector && is_flat<Element>) {
            return value.capacity() * sizeof(Element);
        } else {
            for (const auto& element : value) {
                bytes += sizeof(Element) + (is_vector ? 0 : node) + heap_bytes<Element>(element);
            }
            return bytes;
        }
    } else if constexpr (std::is_class_v<T> && boost::describe::has_describe_members<T>::value) {
        return heap_bytes_of_members(value, static_cast<const MembersOf<T>*>(nullptr));
    } else if constexpr (std::is_trivially_copyable_v<T>) {
        return 0;
    } else {
        return heap_bytes_in(value);
    }
}

}  // namespace foldback::detail
