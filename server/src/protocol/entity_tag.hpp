#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "foldback/store/read_page.hpp"
#include "foldback/store/stream_store.hpp"

namespace foldback::server::protocol {

/// The entity tag of a read (PROTOCOL §10.1): incarnation, start, end, and whether the response says that the stream is
/// closed, since a later close must not hide behind 304.
[[nodiscard]] std::string read_tag(const ReadPage& page, Direction direction);

/// The entity tag of a stream's tail, for If-Match: its offset token in quotes.
[[nodiscard]] std::string tail_tag(StreamPoint tail);

/// Whether If-None-Match names `tag`. Weak and strong tags are the same here (RFC 9110 §13.1.2).
[[nodiscard]] bool names_tag(std::string_view if_none_match, std::string_view tag);

}  // namespace foldback::server::protocol
