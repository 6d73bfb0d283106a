#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <boost/describe/enum.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/mp11/algorithm.hpp>

#include "foldback/core/codec_base.hpp"
#include "foldback/core/compile_error.hpp"
#include "foldback/core/upcast.hpp"

/// How each kind of type is stored.
///
/// | C++                                  | JSON                                                       |
/// |--------------------------------------|------------------------------------------------------------|
/// | bool, integers, float, double        | true, false, numbers; 64-bit integers exactly              |
/// | std::string                          | string                                                     |
/// | enum described by BOOST_DESCRIBE_ENUM | the enumerator's name                                     |
/// | struct described by BOOST_DESCRIBE_STRUCT | object                                                |
/// | std::optional                        | the value; absent, or null inside an array                 |
/// | vector, deque, list, set, array      | array                                                      |
/// | map, unordered_map                   | object, sorted by key; keys are strings, integers or enums |
/// | std::pair                            | array of two                                               |
/// | std::variant                         | object of one member: {"case name": value}                 |
/// | chrono durations, time points        | their count, in their own unit (since the clock's epoch)   |
/// | JsonText                             | the text itself                                            |
/// | Codec<T>                             | what you write                                             |
namespace foldback::detail {

template <class T>
concept HasHook = requires(JsonWriter& writer, JsonReader& reader, T& value) {
    Codec<T>::write(writer, std::as_const(value));
    Codec<T>::read(reader, value);
};

template <class T>
concept AnyCharacter = std::same_as<T, char> || std::same_as<T, wchar_t> || std::same_as<T, char8_t> ||
    std::same_as<T, char16_t> || std::same_as<T, char32_t>;

template <class T>
concept MapLike = requires(T map) {
    typename T::mapped_type;
    map.try_emplace(std::declval<typename T::key_type>());
};
template <class T>
concept SequenceLike = !MapLike<T> && requires(T list, typename T::value_type item) {
    list.clear();
    list.insert(list.end(), std::move(item));
};

template <class T>
struct CodecOf {
    static void write(JsonWriter&, const T&) { complain(); }
    static void read(JsonReader&, T&) { complain(); }
    static constexpr void complain() {
        if constexpr (std::is_enum_v<T>) {
            constexpr auto message = joined<name_of_type<T>, literal<" is not described: write BOOST_DESCRIBE_ENUM(">,
                                            name_of_type<T>, literal<", its enumerators) after it">>();
            static_assert(sizeof(CompileError<message>) > 0);
        } else if constexpr (std::is_class_v<T>) {
            constexpr auto message =
                joined<name_of_type<T>, literal<" is not described: write BOOST_DESCRIBE_STRUCT(">, name_of_type<T>,
                       literal<", (), (its members)) after it, or specialise foldback::Codec for it">>();
            static_assert(sizeof(CompileError<message>) > 0);
        } else {
            constexpr auto message = joined<literal<"foldback stores no ">, name_of_type<T>,
                                            literal<": wrap it in a struct with a foldback::Codec">>();
            static_assert(sizeof(CompileError<message>) > 0);
        }
    }
};

template <class T>
requires HasHook<T>
struct CodecOf<T> : Codec<T> {
};

template <>
struct CodecOf<bool> {
    static void write(JsonWriter& writer, bool value) { writer.boolean(value); }
    static void read(JsonReader& reader, bool& value) { value = reader.boolean(); }
};

template <std::integral T>
requires(!AnyCharacter<T>) struct CodecOf<T> {
    static void write(JsonWriter& writer, T value) {
        if constexpr (std::signed_integral<T>) {
            writer.number(static_cast<std::int64_t>(value));
        } else {
            writer.number(static_cast<std::uint64_t>(value));
        }
    }
    static void read(JsonReader& reader, T& value) { value = reader.template integer<T>(); }
};

template <>
struct CodecOf<double> {
    static void write(JsonWriter& writer, double value) { writer.number(value); }
    static void read(JsonReader& reader, double& value) { value = reader.number(); }
};
template <>
struct CodecOf<float> {
    static void write(JsonWriter& writer, float value) { writer.number(value); }
    static void read(JsonReader& reader, float& value) { value = static_cast<float>(reader.number()); }
};

template <>
struct CodecOf<std::string> {
    static void write(JsonWriter& writer, const std::string& value) { writer.string(value); }
    static void read(JsonReader& reader, std::string& value) { value = reader.string(); }
};

template <>
struct CodecOf<JsonText> {
    static void write(JsonWriter& writer, const JsonText& value) { writer.raw(value.text); }
    static void read(JsonReader& reader, JsonText& value) { value.text = reader.skip(); }
};

template <class T>
requires(std::is_enum_v<T>&& boost::describe::has_describe_enumerators<T>::value) struct CodecOf<T> {
    static std::string_view name_of(T value) {
        std::string_view name;
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto one) {
            if (one.value == value) name = one.name;
        });
        return name;
    }
    static bool find(std::string_view name, T& value) {
        bool found = false;
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto one) {
            if (!found && name == one.name) {
                value = one.value;
                found = true;
            }
        });
        return found;
    }
    static void write(JsonWriter& writer, T value) {
        const auto name = name_of(value);
        if (name.empty()) throw std::invalid_argument("a value of an enum has no name");
        writer.string(name);
    }
    static void read(JsonReader& reader, T& value) {
        const auto name = reader.string();
        if (!find(name, value)) reader.fail("\"" + std::string(name) + "\" is no enumerator");
    }
};

template <class T>
struct CodecOf<std::optional<T>> {
    static void write(JsonWriter& writer, const std::optional<T>& value) {
        if (value) {
            write_json(writer, *value);
        } else {
            writer.null();
        }
    }
    static void read(JsonReader& reader, std::optional<T>& value) {
        if (reader.take_null()) {
            value.reset();
        } else {
            read_json(reader, value.emplace());
        }
    }
};

template <SequenceLike T>
requires(!HasHook<T>) struct CodecOf<T> {
    static void write(JsonWriter& writer, const T& list) {
        writer.raw('[');
        bool first = true;
        for (const auto& item : list) {
            if (!std::exchange(first, false)) writer.raw(',');
            write_json<typename T::value_type>(writer, item);
        }
        writer.raw(']');
    }
    static void read(JsonReader& reader, T& list) {
        list.clear();
        reader.begin_array();
        for (bool first = true; reader.next_element(first);) {
            typename T::value_type item{};
            read_json(reader, item);
            list.insert(list.end(), std::move(item));
        }
    }
};

template <class T, std::size_t size>
struct CodecOf<std::array<T, size>> {
    static void write(JsonWriter& writer, const std::array<T, size>& list) {
        writer.raw('[');
        for (std::size_t i = 0; i < size; ++i) {
            if (i != 0) writer.raw(',');
            write_json(writer, list[i]);
        }
        writer.raw(']');
    }
    static void read(JsonReader& reader, std::array<T, size>& list) {
        reader.begin_array();
        std::size_t i = 0;
        for (bool first = true; reader.next_element(first); ++i) {
            if (i == size) reader.fail("more than " + std::to_string(size) + " elements");
            read_json(reader, list[i]);
        }
        if (i != size) reader.fail("fewer than " + std::to_string(size) + " elements");
    }
};

template <class First, class Second>
struct CodecOf<std::pair<First, Second>> {
    static void write(JsonWriter& writer, const std::pair<First, Second>& value) {
        writer.raw('[');
        write_json(writer, value.first);
        writer.raw(',');
        write_json(writer, value.second);
        writer.raw(']');
    }
    static void read(JsonReader& reader, std::pair<First, Second>& value) {
        reader.begin_array();
        bool first = true;
        if (!reader.next_element(first)) reader.fail("a pair has two elements");
        read_json(reader, value.first);
        if (!reader.next_element(first)) reader.fail("a pair has two elements");
        read_json(reader, value.second);
        if (reader.next_element(first)) reader.fail("a pair has two elements");
    }
};

template <class Rep, class Period>
struct CodecOf<std::chrono::duration<Rep, Period>> {
    using Duration = std::chrono::duration<Rep, Period>;
    static void write(JsonWriter& writer, const Duration& value) { write_json(writer, value.count()); }
    static void read(JsonReader& reader, Duration& value) {
        Rep count{};
        read_json(reader, count);
        value = Duration(count);
    }
};
template <class Clock, class Duration>
struct CodecOf<std::chrono::time_point<Clock, Duration>> {
    using Point = std::chrono::time_point<Clock, Duration>;
    static void write(JsonWriter& writer, const Point& value) { write_json(writer, value.time_since_epoch()); }
    static void read(JsonReader& reader, Point& value) {
        Duration since{};
        read_json(reader, since);
        value = Point(since);
    }
};

}  // namespace foldback::detail
