#pragma once

#include <string_view>

#include "foldback/core/json_reader.hpp"
#include "foldback/store/types.hpp"
#include "remote/wire.hpp"

namespace foldback::remote {

/// Reads an object: `read(key)` reads or skips the value of each member.
template <class Read>
void read_members(JsonReader& reader, Read read) {
    reader.begin_object();
    std::string_view key;
    for (bool first = true; reader.next_member(first, key);) read(key);
}

/// Reads an array: `read()` reads each element.
template <class Read>
void read_elements(JsonReader& reader, Read read) {
    reader.begin_array();
    for (bool first = true; reader.next_element(first);) read();
}

/// An offset token of our server.
[[nodiscard]] inline StreamPoint read_point(JsonReader& reader) { return point_in(reader.string()); }
/// Milliseconds since 1970.
[[nodiscard]] inline Timestamp read_time(JsonReader& reader) {
    return Timestamp{std::chrono::milliseconds{reader.integer<std::int64_t>()}};
}

}  // namespace foldback::remote
