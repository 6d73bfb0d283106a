#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>

#include "foldback/core/compile_error.hpp"
#include "foldback/core/json_reader.hpp"
#include "foldback/core/json_writer.hpp"
#include "foldback/core/upcast.hpp"

namespace foldback {

/// How a type of your own is stored, where its description is not how. Specialise it:
///
///     template <>
///     struct foldback::Codec<Uuid> {
///         static void write(JsonWriter& writer, const Uuid& value) { writer.string(to_text(value)); }
///         static void read(JsonReader& reader, Uuid& value) { value = parse(reader.string()); }
///     };
///
/// `write` writes exactly one JSON value, `read` moves past exactly one; it calls `reader.fail("why")` for a value that
/// is none. A `static constexpr std::string_view format` is part of snapshots' fingerprints: change it with the format.
template <class T>
struct Codec;

namespace detail {
template <class T>
struct CodecOf;
}  // namespace detail

/// Writes `value` as JSON. See the table in codec_types.hpp. Throws std::invalid_argument for what has no JSON.
template <class T>
void write_json(JsonWriter& writer, const T& value);

/// Reads `value` from the JSON that comes next. Throws JsonError; `value` is then half-read.
template <class T>
void read_json(JsonReader& reader, T& value);

/// The name that an alternative of a std::variant member is stored under. Give a struct `static constexpr
/// std::string_view case_name = "card";`, or specialise this for a type that is not yours.
template <class T>
inline constexpr std::string_view case_name{};
template <class T>
requires requires { std::string_view(T::case_name); }
inline constexpr std::string_view case_name<T> = T::case_name;
template <>
inline constexpr std::string_view case_name<std::string> = "string";
template <>
inline constexpr std::string_view case_name<bool> = "boolean";
template <>
inline constexpr std::string_view case_name<std::int64_t> = "integer";
template <>
inline constexpr std::string_view case_name<double> = "number";

}  // namespace foldback

#include "foldback/core/codec_types.hpp"  // IWYU pragma: export

namespace foldback {

template <class T>
void write_json(JsonWriter& writer, const T& value) {
    detail::CodecOf<T>::write(writer, value);
}

template <class T>
void read_json(JsonReader& reader, T& value) {
    detail::CodecOf<T>::read(reader, value);
}

/// `value` as a JSON text.
template <class T>
[[nodiscard]] std::string to_json(const T& value) {
    std::string text;
    JsonWriter writer(text);
    write_json(writer, value);
    return text;
}

/// The value of a whole JSON text. Throws JsonError.
template <class T>
[[nodiscard]] T from_json(std::string_view text) {
    T value{};
    JsonReader reader(text);
    read_json(reader, value);
    reader.expect_end();
    return value;
}

}  // namespace foldback
