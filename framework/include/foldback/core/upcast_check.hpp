#pragma once

#include "foldback/core/upcast.hpp"

/// What makes a broken chain of upcasters a compile error that names the culprit.
namespace foldback::detail {

template <class Entry, std::size_t index, class Result>
[[nodiscard]] consteval bool returns_an_older_version() {
    bool older = false;
    boost::mp11::mp_for_each<boost::mp11::mp_iota_c<index + 1>>([&](auto i) {
        older = older || std::is_same_v<typename StepTraits<boost::mp11::mp_at_c<VersionsOf<Entry>, i>>::Type, Result>;
    });
    return older;
}

template <class Struct>
[[nodiscard]] consteval bool check_described() {
    if constexpr (!boost::describe::has_describe_members<Struct>::value && !std::is_same_v<Struct, UnknownEvent> &&
                  !std::is_same_v<Struct, JsonText>) {
        constexpr auto message =
            joined<name_of_type<Struct>, literal<" is not described: write BOOST_DESCRIBE_STRUCT(">,
                   name_of_type<Struct>, literal<", (), (its members)) after it">>();
        return sizeof(CompileError<message>) > 0;
    }
    return true;
}

template <class Event, class Entry, std::size_t index>
[[nodiscard]] consteval bool check_upcaster() {
    using Step = boost::mp11::mp_at_c<VersionsOf<Entry>, index>;
    using Old = typename StepTraits<Step>::Type;
    using Next = typename NextType<Entry, index>::type;
    constexpr bool by_lookup = std::is_null_pointer_v<std::remove_const_t<decltype(StepTraits<Step>::function)>>;
    if constexpr (by_lookup && !HasUpcast<Old>) {
        if constexpr (std::is_void_v<Next>) {
            constexpr auto message =
                joined<literal<"no upcaster for version ">, number_text<StepTraits<Step>::version>,
                       literal<" of the retired \"">, EntryTraits<Entry>::name, literal<"\": write `upcast(const ">,
                       name_of_type<Old>, literal<"& old)` beside ">, name_of_type<Old>>();
            return sizeof(CompileError<message>) > 0;
        } else {
            constexpr auto message =
                joined<literal<"no upcaster for version ">, number_text<StepTraits<Step>::version>, literal<" of \"">,
                       EntryTraits<Entry>::name, literal<"\": write `">, name_of_type<Next>, literal<" upcast(const ">,
                       name_of_type<Old>, literal<"& old)` beside ">, name_of_type<Old>>();
            return sizeof(CompileError<message>) > 0;
        }
    } else {
        using Returned = typename UpcastResult<Step>::type;
        using Result = typename OptionalOf<Returned>::type;
        constexpr bool leads_on =
            (!std::is_void_v<Next> && (std::is_same_v<Result, Next> || std::is_same_v<Result, JsonText>)) ||
            (std::is_void_v<Next> && Event::template has<Result>) || std::is_same_v<Result, Nothing> ||
            PiecesOf<Event, Result>::are_events || (!std::is_void_v<MergerOf<Step>> && Event::template has<Result>);
        if constexpr (leads_on) {
            return check_described<Old>();
        } else if constexpr (returns_an_older_version<Entry, index, Result>()) {
            constexpr auto message = joined<literal<"the upcaster of ">, name_of_type<Old>, literal<" goes back to ">,
                                            name_of_type<Result>, literal<", an older version of \"">,
                                            EntryTraits<Entry>::name, literal<"\": the chain would never end">>();
            return sizeof(CompileError<message>) > 0;
        } else if constexpr (PiecesOf<Event, Result>::are || std::is_void_v<Next>) {
            constexpr auto message =
                joined<literal<"the upcaster of ">, name_of_type<Old>, literal<" returns ">, name_of_type<Returned>,
                       literal<": it must return events that are listed in foldback::Events by foldback::Named">>();
            return sizeof(CompileError<message>) > 0;
        } else {
            constexpr auto message =
                joined<literal<"the upcaster of ">, name_of_type<Old>, literal<" returns ">, name_of_type<Returned>,
                       literal<": it must return ">, name_of_type<Next>, literal<", the next version of \"">,
                       EntryTraits<Entry>::name, literal<"\" (or optional, Pieces, JsonText)">>();
            return sizeof(CompileError<message>) > 0;
        }
    }
}

/// The first version from which no step leads on, 0 when the chain is whole.
template <class Entry>
[[nodiscard]] consteval unsigned missing_version() {
    unsigned expected = VersionSteps<typename EntryTraits<Entry>::Steps>::first;
    unsigned missing = 0;
    boost::mp11::mp_for_each<boost::mp11::mp_iota<boost::mp11::mp_size<VersionsOf<Entry>>>>([&](auto i) {
        if (missing == 0 && StepTraits<boost::mp11::mp_at_c<VersionsOf<Entry>, i>>::version != expected)
            missing = expected;
        ++expected;
    });
    if (missing == 0 && EntryTraits<Entry>::version != 0 && expected != EntryTraits<Entry>::version) missing = expected;
    return missing;
}

template <class Event, class Entry, std::size_t... index>
[[nodiscard]] consteval bool check_upcasters(std::index_sequence<index...>) {
    return (check_upcaster<Event, Entry, index>() && ...);
}

template <class Event, class Entry>
[[nodiscard]] consteval bool check_chain() {
    constexpr unsigned missing = missing_version<Entry>();
    if constexpr (missing != 0) {
        constexpr auto message =
            joined<literal<"nothing leads on from version ">, number_text<missing>, literal<" of \"">,
                   EntryTraits<Entry>::name, literal<"\" to version ">, number_text<EntryTraits<Entry>::version>,
                   literal<": add foldback::Was<">, number_text<missing>,
                   literal<", its old struct> in ascending order, or foldback::Since<...> when it was never stored">>();
        return sizeof(CompileError<message>) > 0;
    } else {
        return check_upcasters<Event, Entry>(
            std::make_index_sequence<boost::mp11::mp_size<VersionsOf<Entry>>::value>{});
    }
}

template <class... Structs>
[[nodiscard]] consteval bool check_described(const std::variant<Structs...>*) {
    return (check_described<Structs>() && ...);
}

template <class Event, class... Entries>
[[nodiscard]] consteval bool check_chains(boost::mp11::mp_list<Entries...>) {
    return (check_chain<Event, Entries>() && ...);
}

/// Everything of an Events that can be checked when the whole of it is known.
template <class Event>
[[nodiscard]] consteval bool check_events() {
    static_assert(check_described(static_cast<typename Event::Variant*>(nullptr)));
    static_assert(check_chains<Event>(typename Event::EntryList{}));
    return true;
}

}  // namespace foldback::detail
