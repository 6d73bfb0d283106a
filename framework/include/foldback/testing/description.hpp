#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include <boost/describe/bases.hpp>

#include "foldback/core/codec.hpp"
#include "foldback/core/events.hpp"

namespace foldback::testing::detail {

/// Where a member lies in its struct.
struct MemberPlace {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t alignment = 1;
};

/// Whether bytes of a struct belong to no described member and are more than the compiler's padding: a member that the
/// description leaves out. (One that fits into padding is not seen.)
[[nodiscard]] bool has_hole(MemberPlace* places, std::size_t count, std::size_t size, std::size_t alignment);

template <class T, template <class...> class List, class... Members>
[[nodiscard]] bool has_undescribed_member(const List<Members...>*) {
    const T value{};
    const auto* const start = reinterpret_cast<const char*>(&value);
    const auto place = [&]<class Member>(const Member*) {
        const auto& member = value.*Member::pointer;
        const auto begin = static_cast<std::size_t>(reinterpret_cast<const char*>(&member) - start);
        return MemberPlace{begin, begin + sizeof(member), alignof(decltype(member))};
    };
    std::array<MemberPlace, sizeof...(Members)> places{place(static_cast<const Members*>(nullptr))...};
    return has_hole(places.data(), places.size(), sizeof(T), alignof(T));
}

/// A sentence about the first event struct with members that are not described; empty when there is none. Looks at structs
/// without bases, whose layout shows it.
template <class Struct>
void look_for_undescribed(std::string& problem) {
    if constexpr (std::is_same_v<Struct, UnknownEvent>) {
        return;
    } else if constexpr (boost::describe::has_describe_members<Struct>::value && !std::is_polymorphic_v<Struct> &&
                         !foldback::detail::HasHook<Struct> && !std::is_empty_v<Struct>) {
        using Bases = boost::describe::describe_bases<Struct, boost::describe::mod_any_access>;
        if constexpr (boost::mp11::mp_empty<Bases>::value) {
            if (problem.empty() &&
                has_undescribed_member<Struct>(static_cast<const foldback::detail::MembersOf<Struct>*>(nullptr))) {
                problem = std::string(foldback::detail::name_of_type<Struct>) +
                          " has a member that its BOOST_DESCRIBE_STRUCT does not list: it is not stored";
            }
        }
    }
}

template <class... Structs>
[[nodiscard]] std::string undescribed_members_of(const std::variant<Structs...>*) {
    std::string problem;
    (look_for_undescribed<Structs>(problem), ...);
    return problem;
}
template <class Event>
[[nodiscard]] std::string undescribed_members() {
    return undescribed_members_of(static_cast<const typename Event::Variant*>(nullptr));
}

}  // namespace foldback::testing::detail
