#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "foldback/core/json_reader.hpp"
#include "foldback/core/json_writer.hpp"

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
