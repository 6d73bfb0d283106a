#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "foldback/core/events.hpp"

namespace foldback {

/// A JSON value as text, exactly as it is stored. As the struct of a Was it makes an upcaster on the document; an upcaster
/// may also return it, to be read as the next version. As a member of an event it is kept as it is.
struct JsonText {
    std::string text = "null";

    friend bool operator==(const JsonText&, const JsonText&) = default;
};

/// The events of today that one stored message became. They keep its offset and get a sub-index each.
template <class... Structs>
class Pieces : public std::vector<std::variant<Structs...>> {
public:
    using std::vector<std::variant<Structs...>>::vector;
};

/// An upcaster for Was: hands on nothing, so that this version of the event means nothing.
struct Nothing {};

namespace detail {

template <class Step>
struct StepTraits {
    static constexpr bool is_version = false;
    static constexpr bool is_since = false;
    static constexpr unsigned version = 0;
    using Type = void;
};
template <unsigned number, class Old, auto upcaster>
struct StepTraits<Was<number, Old, upcaster>> {
    static constexpr bool is_version = true;
    static constexpr bool is_since = false;
    static constexpr unsigned version = number;
    static constexpr auto function = upcaster;
    using Type = Old;
};
template <unsigned number>
struct StepTraits<Since<number>> {
    static constexpr bool is_version = false;
    static constexpr bool is_since = true;
    static constexpr unsigned version = number;
    using Type = void;
};

template <class Member>
struct MergerOfMember {
    using type = void;
};
template <class Result, class Class, class Old>
struct MergerOfMember<Result (Class::*)(Old)> {
    using type = Class;
};

/// The merger that a step belongs to; void for a plain function.
template <class Step>
using MergerOf = typename MergerOfMember<std::remove_const_t<decltype(StepTraits<Step>::function)>>::type;

template <class Old>
concept HasUpcast = requires(const Old& old) {
    upcast(old);
};

/// Calls the upcaster of a step. `mergers` has the merger, if it is a merger's.
template <class Step, class Mergers>
decltype(auto) call_upcaster(const typename StepTraits<Step>::Type& old, Mergers& mergers) {
    constexpr auto function = StepTraits<Step>::function;
    if constexpr (std::is_null_pointer_v<std::remove_const_t<decltype(function)>>) {
        return upcast(old);
    } else if constexpr (std::is_member_function_pointer_v<std::remove_const_t<decltype(function)>>) {
        return (std::get<MergerOf<Step>>(mergers).*function)(old);
    } else {
        return function(old);
    }
}

template <class Step>
struct UpcastResult {
    template <class Old>
    static auto of() {
        constexpr auto function = StepTraits<Step>::function;
        if constexpr (std::is_null_pointer_v<std::remove_const_t<decltype(function)>>) {
            return std::type_identity<std::remove_cvref_t<decltype(upcast(std::declval<const Old&>()))>>{};
        } else if constexpr (std::is_member_function_pointer_v<std::remove_const_t<decltype(function)>>) {
            return std::type_identity<std::remove_cvref_t<decltype((std::declval<MergerOf<Step>&>().*
                                                                    function)(std::declval<const Old&>()))>>{};
        } else {
            return std::type_identity<std::remove_cvref_t<decltype(function(std::declval<const Old&>()))>>{};
        }
    }
    using type = typename decltype(of<typename StepTraits<Step>::Type>())::type;
};

template <class T>
struct OptionalOf {
    static constexpr bool is = false;
    using type = T;
};
template <class T>
struct OptionalOf<std::optional<T>> {
    static constexpr bool is = true;
    using type = T;
};

/// Whether every struct that a split yields is an event of today.
template <class Event, class T>
struct PiecesOf {
    static constexpr bool are = false;
    static constexpr bool are_events = false;
};
template <class Event, class... Structs>
struct PiecesOf<Event, std::variant<Structs...>> {
    static constexpr bool are = true;
    static constexpr bool are_events = (Event::template has<Structs> && ...);
};
template <class Event, class Element>
struct PiecesOf<Event, std::vector<Element>> {
    static constexpr bool are = true;
    static constexpr bool are_events = Event::template has<Element> || PiecesOf<Event, Element>::are_events;
};
template <class Event, class... Structs>
struct PiecesOf<Event, Pieces<Structs...>> : PiecesOf<Event, std::variant<Structs...>> {};

template <class Steps>
struct VersionSteps;
template <class... Steps>
struct VersionSteps<boost::mp11::mp_list<Steps...>> {
    template <class Step>
    using IsVersion = std::bool_constant<StepTraits<Step>::is_version>;
    using type = boost::mp11::mp_copy_if<boost::mp11::mp_list<Steps...>, IsVersion>;
    /// The first version that was ever stored.
    static constexpr unsigned first = [] {
        unsigned version = 1;
        ((StepTraits<Steps>::is_since ? void(version = StepTraits<Steps>::version) : void()), ...);
        return version;
    }();
};

/// The steps of an entry that are older versions, in order.
template <class Entry>
using VersionsOf = typename VersionSteps<typename EntryTraits<Entry>::Steps>::type;

/// The struct that the upcaster of step `index` leads to; void where it must lead to events of today.
template <class Entry, std::size_t index>
struct NextType {
    using type = typename StepTraits<boost::mp11::mp_at_c<VersionsOf<Entry>, index + 1>>::Type;
};
template <class Entry, std::size_t index>
requires(index + 1 >= boost::mp11::mp_size<VersionsOf<Entry>>::value) struct NextType<Entry, index> {
    using type = typename EntryTraits<Entry>::Type;
};

template <class Entries>
struct MergerList;
template <class... Entries>
struct MergerList<boost::mp11::mp_list<Entries...>> {
    template <class Step>
    using IsMerged = std::bool_constant<!std::is_void_v<MergerOf<Step>>>;
    using Steps = boost::mp11::mp_append<boost::mp11::mp_list<>, VersionsOf<Entries>...>;
    using type = boost::mp11::mp_unique<boost::mp11::mp_transform<MergerOf, boost::mp11::mp_copy_if<Steps, IsMerged>>>;
};

template <class Mergers>
class MergersFrom;
template <class... Mergers>
class MergersFrom<boost::mp11::mp_list<Mergers...>> : public std::tuple<Mergers...> {
public:
    static constexpr std::size_t count = sizeof...(Mergers);
    [[nodiscard]] bool are_idle() const {
        return std::apply([](const auto&... merger) { return (merger.is_idle() && ...); },
                          static_cast<const std::tuple<Mergers...>&>(*this));
    }
};

}  // namespace detail

/// The mergers of an Events: the classes whose member functions are upcasters. A merger turns several stored messages into
/// one event: it remembers in its members what came and yields nothing until it has all. It is default-constructible and
/// copyable and says by `bool is_idle() const` that it waits for nothing. One object per stream is part of the fold.
template <class Event>
using MergersOf = detail::MergersFrom<typename detail::MergerList<typename Event::EntryList>::type>;

}  // namespace foldback

#include "foldback/core/upcast_check.hpp"  // IWYU pragma: export
