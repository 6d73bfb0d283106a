#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include <boost/describe/class.hpp>
#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>

#include "foldback/core/compile_error.hpp"

namespace foldback {

/// An older form of an event: what version `version` of it was stored as. Its upcaster makes the next version of it:
/// the function `upcast(const Old&)` that lies beside `Old`, or `function`, a pointer to a function or to a member
/// function of a merger. See upcast.hpp for what it may return.
///
/// `Old` is a described struct, or JsonText: the document as it is stored.
template <unsigned version, class Old, auto function = nullptr>
struct Was {};

/// Nothing older than version `first` of the event was ever stored, so there is no upcaster for it.
template <unsigned first>
struct Since {};

/// An event of today: the name and version that it is stored with, its struct, and its older versions in ascending
/// order. The name is written out and never derived from the struct's: renaming a struct does not rename history.
///
///     Named<"OrderPlaced", 3, OrderPlaced, Was<1, OrderPlacedV1>, Was<2, OrderPlacedV2>>
template <Text name, unsigned version, class Current, class... Older>
struct Named {};

/// An event that is stored but not written any more: the upcaster of its newest version makes events of today.
template <Text name, class... Versions>
struct Retired {};

/// An event that is stored, in whatever version, and means nothing any more.
template <Text name>
struct Dropped {};

/// An event whose type is not listed. Listing UnknownEvent itself in Events keeps such events instead of refusing them.
struct UnknownEvent {
    std::string type;
    unsigned version = 1;
    std::string data;  ///< the JSON text of the envelope's `data`

    friend bool operator==(const UnknownEvent&, const UnknownEvent&) = default;
};

namespace detail {

inline constexpr std::string_view no_name{};

template <class Entry>
struct EntryTraits {
    static constexpr bool is_entry = false;
    using Alternatives = boost::mp11::mp_list<Entry>;
    static constexpr std::string_view name{};
    static constexpr unsigned version = 0;
};

template <Text text, unsigned number, class Current, class... Older>
struct EntryTraits<Named<text, number, Current, Older...>> {
    static constexpr bool is_entry = true;
    using Alternatives = boost::mp11::mp_list<Current>;
    using Type = Current;
    using Steps = boost::mp11::mp_list<Older...>;
    static constexpr std::string_view name = literal<text>;
    static constexpr unsigned version = number;
};

template <Text text, class... Versions>
struct EntryTraits<Retired<text, Versions...>> {
    static constexpr bool is_entry = true;
    using Alternatives = boost::mp11::mp_list<>;
    using Type = void;
    using Steps = boost::mp11::mp_list<Versions...>;
    static constexpr std::string_view name = literal<text>;
    static constexpr unsigned version = 0;
};

template <Text text>
struct EntryTraits<Dropped<text>> {
    static constexpr bool is_entry = true;
    using Alternatives = boost::mp11::mp_list<>;
    using Type = void;
    using Steps = boost::mp11::mp_list<>;
    static constexpr std::string_view name = literal<text>;
    static constexpr unsigned version = 0;
};

template <>
struct EntryTraits<UnknownEvent> {
    static constexpr bool is_entry = true;
    using Alternatives = boost::mp11::mp_list<UnknownEvent>;
    using Type = UnknownEvent;
    using Steps = boost::mp11::mp_list<>;
    static constexpr std::string_view name{};
    static constexpr unsigned version = 0;
};

template <class... Entries>
using VariantOf =
    boost::mp11::mp_rename<boost::mp11::mp_append<typename EntryTraits<Entries>::Alternatives...>, std::variant>;

/// The index of the second of two entries of one name; the number of entries when there are none.
template <class... Entries>
[[nodiscard]] consteval std::size_t second_of_a_name() {
    constexpr std::size_t count = sizeof...(Entries);
    const std::array<std::string_view, count> names{EntryTraits<Entries>::name...};
    for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (!names[i].empty() && names[i] == names[j]) return i;
        }
    }
    return count;
}

template <class Entry>
struct CheckEntry {
    using Traits = EntryTraits<Entry>;
    static constexpr bool check() {
        if constexpr (!Traits::is_entry) {
            constexpr auto message =
                joined<name_of_type<Entry>, literal<" has no stored name and version: write foldback::Named<\"">,
                       name_of_type<Entry>, literal<"\", 1, ">, name_of_type<Entry>,
                       literal<"> in foldback::Events">>();
            return sizeof(CompileError<message>) > 0;
        } else if constexpr (!std::is_void_v<typename Traits::Type> && !std::is_same_v<Entry, UnknownEvent>) {
            if constexpr (Traits::name.empty() || Traits::version == 0) {
                constexpr auto message =
                    joined<name_of_type<typename Traits::Type>,
                           literal<" needs a stored name that is not empty and a version from 1 on">>();
                return sizeof(CompileError<message>) > 0;
            }
        }
        return true;
    }
};

/// The first type of a list that comes twice in it.
template <class List>
struct SecondOfList;
template <class First, class... Rest>
struct SecondOfList<boost::mp11::mp_list<First, Rest...>> {
    using type =
        typename boost::mp11::mp_eval_if_c<boost::mp11::mp_contains<boost::mp11::mp_list<Rest...>, First>::value,
                                           std::type_identity<First>, SecondOfList,
                                           boost::mp11::mp_list<Rest...>>::type;
};
template <class List>
using SecondOf = typename SecondOfList<List>::type;

template <class... Entries>
[[nodiscard]] consteval bool check_names() {
    static_assert((CheckEntry<Entries>::check() && ...));
    constexpr std::size_t second = second_of_a_name<Entries...>();
    if constexpr (second < sizeof...(Entries)) {
        using Entry = boost::mp11::mp_at_c<boost::mp11::mp_list<Entries...>, second>;
        constexpr auto message = joined<literal<"two events are stored as \"">, EntryTraits<Entry>::name,
                                        literal<"\": give one of them another name">>();
        static_assert(sizeof(CompileError<message>) > 0);
    }
    using Structs = boost::mp11::mp_append<typename EntryTraits<Entries>::Alternatives...>;
    if constexpr (!boost::mp11::mp_is_set<Structs>::value) {
        constexpr auto message =
            joined<name_of_type<SecondOf<Structs>>, literal<" is listed twice in foldback::Events: give each "
                                                            "event a struct of its own">>();
        static_assert(sizeof(CompileError<message>) > 0);
    }
    return true;
}

}  // namespace detail

/// Every event of an aggregate: a std::variant of the structs that knows the names and versions they are stored with.
///
///     using OrderEvent = foldback::Events<foldback::Named<"OrderPlaced", 2, OrderPlaced, foldback::Was<1, OrderPlacedV1>>,
///                                         foldback::Named<"OrderPaid", 1, OrderPaid>>;
///
/// An entry that is no Named, Retired, Dropped or UnknownEvent, a name that occurs twice, a gap in the versions and an
/// upcaster that returns the wrong type do not compile.
template <class... Entries>
class Events : public detail::VariantOf<Entries...> {
    static_assert(detail::check_names<Entries...>());

public:
    using Variant = detail::VariantOf<Entries...>;
    using EntryList = boost::mp11::mp_list<Entries...>;
    using Variant::Variant;
    using Variant::operator=;

    /// The place of `Struct` among the alternatives.
    template <class Struct>
    static constexpr std::size_t index_of = boost::mp11::mp_find<Variant, Struct>::value;
    template <class Struct>
    static constexpr bool has = index_of<Struct> < std::variant_size_v<Variant>;

    /// Unknown events are kept as alternatives of their own.
    static constexpr bool keeps_unknown = (std::is_same_v<Entries, UnknownEvent> || ...);

    /// The name that a struct is stored with.
    template <class Struct>
    static constexpr std::string_view name_of = [] {
        std::string_view name;
        ((std::is_same_v<typename detail::EntryTraits<Entries>::Type, Struct>
              ? void(name = detail::EntryTraits<Entries>::name)
              : void()),
         ...);
        return name;
    }();
    /// The version that a struct is stored with.
    template <class Struct>
    static constexpr unsigned version_of = [] {
        unsigned version = 0;
        ((std::is_same_v<typename detail::EntryTraits<Entries>::Type, Struct>
              ? void(version = detail::EntryTraits<Entries>::version)
              : void()),
         ...);
        return version;
    }();

    [[nodiscard]] const Variant& variant() const& noexcept { return *this; }

    /// The name that this event is stored with.
    [[nodiscard]] std::string_view name() const noexcept {
        return std::visit(
            []<class Struct>(const Struct& event) -> std::string_view {
                if constexpr (std::is_same_v<Struct, UnknownEvent>) {
                    return event.type;
                } else {
                    return name_of<Struct>;
                }
            },
            variant());
    }
    /// The version that this event is stored with.
    [[nodiscard]] unsigned version() const noexcept {
        return std::visit(
            []<class Struct>(const Struct& event) -> unsigned {
                if constexpr (std::is_same_v<Struct, UnknownEvent>) {
                    return event.version;
                } else {
                    return version_of<Struct>;
                }
            },
            variant());
    }
};

}  // namespace foldback
