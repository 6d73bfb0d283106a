#pragma once

#include <concepts>
#include <string>
#include <type_traits>

#include "foldback/core/codec.hpp"
#include "foldback/core/events.hpp"

namespace foldback::testing {

namespace detail {

/// A type's name without namespaces.
template <class T>
[[nodiscard]] std::string short_name() {
    const std::string name(foldback::detail::name_of_type<T>);
    const auto last = name.rfind("::");
    return last == std::string::npos ? name : name.substr(last + 2);
}

}  // namespace detail

/// Whether the kit can show a value: it is described, or has JSON otherwise.
template <class T>
inline constexpr bool has_json =
    std::is_arithmetic_v<T> || std::is_same_v<T, std::string> || boost::describe::has_describe_members<T>::value ||
    boost::describe::has_describe_enumerators<T>::value || foldback::detail::HasHook<T> ||
    foldback::detail::MapLike<T> || foldback::detail::SequenceLike<T>;

/// A value as failures show it: its JSON, or its type when it has none.
template <class T>
[[nodiscard]] std::string text_of(const T& value) {
    if constexpr (requires { value.variant(); }) {
        return std::visit(
            []<class Struct>(const Struct& one) { return detail::short_name<Struct>() + " " + text_of(one); },
            value.variant());
    } else if constexpr (std::is_same_v<T, UnknownEvent>) {
        return value.type + " " + value.data;
    } else if constexpr (has_json<T>) {
        return to_json(value);
    } else {
        return "(" + std::string(foldback::detail::name_of_type<T>) + ")";
    }
}

/// Whether two values are the same: by their JSON, and also by ==, where they have one, or their members have.
template <class T>
[[nodiscard]] bool same(const T& left, const T& right);

namespace detail {

template <class T, template <class...> class List, class... Members>
[[nodiscard]] bool same_members(const T& left, const T& right, const List<Members...>*) {
    return (same(left.*Members::pointer, right.*Members::pointer) && ...);
}

/// Types whose == means what it says. (That of pairs and containers does not say whether their elements have one.)
template <class T>
concept Comparable = (std::is_arithmetic_v<T> || std::is_enum_v<T> || std::is_same_v<T, std::string> ||
                      boost::describe::has_describe_members<T>::value ||
                      foldback::detail::HasHook<T>)&&requires(const T& left, const T& right) {
    { left == right } -> std::convertible_to<bool>;
};

template <class T>
[[nodiscard]] bool same_values(const T& left, const T& right) {
    if constexpr (Comparable<T>) {
        return left == right;
    } else if constexpr (std::is_class_v<T> && boost::describe::has_describe_members<T>::value) {
        return same_members(left, right, static_cast<const foldback::detail::MembersOf<T>*>(nullptr));
    } else if constexpr (foldback::detail::SequenceLike<T> && requires { left[0]; }) {
        if (left.size() != right.size()) return false;
        for (std::size_t i = 0; i < left.size(); ++i) {
            if (!same<typename T::value_type>(left[i], right[i])) return false;
        }
        return true;
    } else {
        return true;  // what has neither is compared by its JSON alone
    }
}

}  // namespace detail

template <class T>
bool same(const T& left, const T& right) {
    return detail::same_values(left, right) && text_of(left) == text_of(right);
}

}  // namespace foldback::testing
