#pragma once

#include <cstdint>
#include <string>

#include "foldback/server/http_message.hpp"
#include "foldback/store/stream_store.hpp"
#include "protocol/compression.hpp"
#include "protocol/request_headers.hpp"
#include "protocol/service.hpp"

namespace foldback::server::protocol {

/// What caches may do with a page that ends at the tail of an open stream.
enum class TailCaching : std::uint8_t {
    revalidate,  ///< a catch-up read: a writer must read what it wrote
    keep,        ///< a long-poll from an offset: its reader goes on from there (PROTOCOL §10.1 "Collapsing")
    never,       ///< a read from `now`
};

/// What a reader's request says beside its query.
struct Reader {
    StreamPath stream;
    TailCaching tail_caching = TailCaching::revalidate;
    Coding coding = Coding::identity;
    bool is_authorized = false;  ///< the request carries credentials: shared caches keep out
    std::string if_none_match;

    Reader(StreamPath path, const RequestHeaders& headers);
};

/// The 200 of a forward read in catch-up or long-poll mode, or of a backward read (PROTOCOL §5.6, §9.1.5): body,
/// content type, offset, closure, entity tag, caching.
[[nodiscard]] Response read_response(const Service& service, const Reader& reader, ReadPage page,
                                     Direction direction = Direction::forward);

/// The 304 for a reader who has this very page.
[[nodiscard]] Response not_modified(const Service& service, const Reader& reader, const ReadPage& page,
                                    Direction direction);

/// The 200 without data for `offset=now` (PROTOCOL §8): neither tagged nor cached.
[[nodiscard]] Response tail_response(const ReadPage& page);

/// Appends a page as a body: JSON messages as one array, bytes as they are (PROTOCOL §9.1.5).
void append_body(std::string& out, const ReadPage& page);

/// Where reading goes on, and whether the end was reached.
void add_place(Response& response, StreamPoint next, bool up_to_date, bool closed);

}  // namespace foldback::server::protocol
