#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "foldback/core/aggregate.hpp"
#include "foldback/core/codec.hpp"

namespace foldback {

/// What a stored form was made by, in 64 bits: equal exactly when the code is, as far as types show it.
struct Fingerprint {
    std::uint64_t value = 0;

    friend constexpr auto operator<=>(Fingerprint, Fingerprint) = default;
};

namespace detail {

/// FNV-1a over texts and numbers, each with its end.
class SchemaHash {
public:
    constexpr void add(std::string_view text) {
        for (const char c : text) mix(static_cast<unsigned char>(c));
        mix(0xFF);
    }
    constexpr void add(std::uint64_t number) {
        for (int i = 0; i < 8; ++i, number >>= 8) mix(static_cast<unsigned char>(number & 0xFF));
    }
    [[nodiscard]] constexpr std::uint64_t value() const { return value_; }

private:
    constexpr void mix(unsigned char byte) { value_ = (value_ ^ byte) * 0x100000001B3ULL; }

    std::uint64_t value_ = 0xCBF29CE484222325ULL;
};

/// Adds how a type is stored. `Above` are the structs that it is part of, so that a tree of itself has an end.
template <class T, class Above>
struct Schema {
    static constexpr void add(SchemaHash& hash) {
        if constexpr (boost::describe::has_describe_members<T>::value && std::is_class_v<T> && !HasHook<T>) {
            if constexpr (boost::mp11::mp_contains<Above, T>::value) {
                hash.add("recursive");
                hash.add(boost::mp11::mp_find<Above, T>::value);
            } else {
                hash.add("struct");
                members(hash, MembersOf<T>{});
                hash.add("end");
            }
        } else if constexpr (requires { std::string_view(Codec<T>::format); }) {
            hash.add("own");
            hash.add(std::string_view(Codec<T>::format));
        } else if constexpr (HasHook<T>) {
            hash.add("own");
            hash.add(name_of_type<T>);
        } else if constexpr (MapLike<T>) {
            hash.add("map");
            Schema<typename T::key_type, Above>::add(hash);
            Schema<typename T::mapped_type, Above>::add(hash);
        } else if constexpr (std::is_same_v<T, std::string>) {
            hash.add("string");
        } else if constexpr (SequenceLike<T>) {
            hash.add("array");
            Schema<typename T::value_type, Above>::add(hash);
        } else if constexpr (std::is_enum_v<T>) {
            hash.add("enum");
            boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto one) { hash.add(one.name); });
        } else if constexpr (std::is_arithmetic_v<T>) {
            hash.add(std::is_same_v<T, bool>       ? "bool"
                     : std::is_floating_point_v<T> ? "float"
                     : std::is_signed_v<T>         ? "int"
                                                   : "unsigned");
            hash.add(sizeof(T));
        } else if constexpr (std::is_same_v<T, JsonText>) {
            hash.add("json");
        } else {
            parts(hash, static_cast<const T*>(nullptr));
        }
    }

private:
    using Inside = boost::mp11::mp_push_front<Above, T>;

    template <template <class...> class List, class... Members>
    static constexpr void members(SchemaHash& hash, List<Members...>) {
        ((hash.add(std::string_view(Members::name)), Schema<MemberType<T, Members>, Inside>::add(hash)), ...);
    }
    template <class Value>
    static constexpr void parts(SchemaHash& hash, const std::optional<Value>*) {
        hash.add("optional");
        Schema<Value, Above>::add(hash);
    }
    template <class... Cases>
    static constexpr void parts(SchemaHash& hash, const std::variant<Cases...>*) {
        hash.add("variant");
        ((hash.add(case_name<Cases>), Schema<Cases, Above>::add(hash)), ...);
    }
    template <class First, class Second>
    static constexpr void parts(SchemaHash& hash, const std::pair<First, Second>*) {
        hash.add("pair");
        Schema<First, Above>::add(hash);
        Schema<Second, Above>::add(hash);
    }
    template <class Value, std::size_t size>
    static constexpr void parts(SchemaHash& hash, const std::array<Value, size>*) {
        hash.add("array");
        hash.add(size);
        Schema<Value, Above>::add(hash);
    }
    template <class Rep, class Period>
    static constexpr void parts(SchemaHash& hash, const std::chrono::duration<Rep, Period>*) {
        hash.add("duration");
        hash.add(static_cast<std::uint64_t>(Period::num));
        hash.add(static_cast<std::uint64_t>(Period::den));
        Schema<Rep, Above>::add(hash);
    }
    template <class Clock, class Duration>
    static constexpr void parts(SchemaHash& hash, const std::chrono::time_point<Clock, Duration>*) {
        hash.add("time");
        Schema<Duration, Above>::add(hash);
    }
    static constexpr void parts(SchemaHash&, const void*) { CodecOf<T>::complain(); }
};

template <class... Steps>
constexpr void add_steps(SchemaHash& hash, boost::mp11::mp_list<Steps...>) {
    ((hash.add(StepTraits<Steps>::version),
      Schema<typename StepTraits<Steps>::Type, boost::mp11::mp_list<>>::add(hash)),
     ...);
}

template <class Entry>
constexpr void add_entry(SchemaHash& hash) {
    using Traits = EntryTraits<Entry>;
    hash.add("event");
    hash.add(Traits::name);
    hash.add(Traits::version);
    if constexpr (Traits::version != 0) Schema<typename Traits::Type, boost::mp11::mp_list<>>::add(hash);
    add_steps(hash, VersionsOf<Entry>{});
}

template <class... Entries>
constexpr void add_entries(SchemaHash& hash, boost::mp11::mp_list<Entries...>) {
    (add_entry<Entries>(hash), ...);
}

}  // namespace detail

/// The fingerprint of the code that folds an aggregate: the members of its described state, the names, versions and members
/// of its events and of their older versions, its Reading, and the state's `static constexpr unsigned fold_version`, if it has
/// one. Raise that when `apply` or an upcaster changes what it does: no type shows it. A snapshot of another fingerprint is
/// never used.
template <class Aggregate>
[[nodiscard]] constexpr Fingerprint fingerprint_of() {
    using State = typename Aggregate::StateType;
    detail::SchemaHash hash;
    detail::Schema<State, boost::mp11::mp_list<>>::add(hash);
    if constexpr (requires { State::fold_version; }) hash.add(static_cast<std::uint64_t>(State::fold_version));
    hash.add(static_cast<std::uint64_t>(Aggregate::reading.unknown_events));
    hash.add(static_cast<std::uint64_t>(Aggregate::reading.missing_members));
    detail::add_entries(hash, typename Aggregate::EventType::EntryList{});
    return {hash.value()};
}

/// The fingerprint of a stored form alone: of a described struct or anything else that has JSON.
template <class T>
[[nodiscard]] constexpr Fingerprint schema_of() {
    detail::SchemaHash hash;
    detail::Schema<T, boost::mp11::mp_list<>>::add(hash);
    return {hash.value()};
}

}  // namespace foldback
