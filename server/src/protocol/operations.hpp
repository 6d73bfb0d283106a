#pragma once

#include "foldback/server/api.hpp"
#include "protocol/request_headers.hpp"
#include "protocol/service.hpp"
#include "protocol/target.hpp"

/// The operations of the HTTP surface, one file each. A returned Response still lacks the headers common to all
/// responses; what is answered later has them. All may throw StorageError.
namespace foldback::server::protocol {

/// PUT (PROTOCOL §5.1, §4.2).
[[nodiscard]] Reply create(const Service& service, Request request, StreamPath stream);

/// POST (PROTOCOL §5.2, §5.2.1, §5.3), with If-Match.
[[nodiscard]] Reply append(const Service& service, Request request, StreamPath stream);

/// POST to `/v1/append`: appends to several streams in one commit. An extension.
[[nodiscard]] Reply append_all(const Service& service, const Request& request);

/// POST with Stream-Truncate-Before: gives up the data before an offset. An extension; the data is then as PROTOCOL §5.6
/// reserves it: 410 for what is gone, `-1` for what is left.
[[nodiscard]] Reply truncate(const Service& service, const Request& request, StreamPath stream);

/// GET (PROTOCOL §5.6, §5.7, §5.8), also backwards.
[[nodiscard]] Reply read(const Service& service, const Request& request, StreamPath stream, const Query& query);

/// GET with the parameter `view`: the stream as a store sees it. An extension; see store_views.hpp.
[[nodiscard]] Reply read_view(const Service& service, StreamPath stream, const Query& query, std::string_view view);
/// The same of the feed.
[[nodiscard]] Reply read_feed_view(const Service& service, const Request& request, const Query& query,
                                   std::string_view view);

/// HEAD (PROTOCOL §5.5).
[[nodiscard]] Reply head(const Service& service, const StreamPath& stream);

/// DELETE (PROTOCOL §5.4).
[[nodiscard]] Reply remove(const Service& service, const Request& request, StreamPath stream);

/// GET of all streams that the sender may read, in commit order.
[[nodiscard]] Reply read_feed(const Service& service, const Request& request, const Query& query);

/// HEAD of the same: where it ends.
[[nodiscard]] Reply head_feed(const Service& service);

/// GET of the list of the streams that the sender may read.
[[nodiscard]] Reply list(const Service& service, const Request& request, const Query& query);

}  // namespace foldback::server::protocol
