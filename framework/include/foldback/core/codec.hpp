#pragma once

#include <string>
#include <string_view>

#include "foldback/core/codec_base.hpp"    // IWYU pragma: export
#include "foldback/core/codec_keyed.hpp"   // IWYU pragma: export
#include "foldback/core/codec_struct.hpp"  // IWYU pragma: export
#include "foldback/core/codec_types.hpp"   // IWYU pragma: export

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
