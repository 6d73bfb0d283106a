#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "foldback/store/stream_store.hpp"
#include "protocol/target.hpp"

namespace foldback::server::protocol {

enum class Live : std::uint8_t { none, long_poll, sse };

/// What every kind of read may say in its query.
struct LiveQuery {
    Live live = Live::none;
    std::optional<std::uint64_t> cursor;
    std::size_t limit = SIZE_MAX;
};

/// The query of a stream read (PROTOCOL §5.6 to §5.8, and ours: direction, limit, encoding).
struct StreamQuery : LiveQuery {
    ReadFrom from = FromStart{};
    bool from_now = false;
    Direction direction = Direction::forward;
    bool base64 = false;  ///< SSE: text as base64 too, so that its line ends arrive as they are
};

/// The query of a feed read.
struct FeedQuery : LiveQuery {
    Position from;
    bool from_now = false;
    std::string prefix;
};

struct ListQuery {
    std::string prefix;
    std::string after;
    std::size_t limit = 1000;
};

/// The query of a read with the parameter `view`.
struct StoreQuery {
    ReadFrom from = FromStart{};
    Direction direction = Direction::forward;
    std::size_t limit = SIZE_MAX;
    std::size_t max_bytes = SIZE_MAX;
    bool renews_ttl = true;
    Offset beyond;      ///< of a watch
    Position position;  ///< of the feed
    std::string prefix;
};

/// The parameter `view`; null when it is absent.
[[nodiscard]] Parsed<const std::string*> parse_view(const Query& query);
/// An offset may be a plain number there.
[[nodiscard]] Parsed<StoreQuery> parse_store_query(const Query& query);
[[nodiscard]] Parsed<StreamQuery> parse_stream_query(const Query& query);
[[nodiscard]] Parsed<FeedQuery> parse_feed_query(const Query& query);
[[nodiscard]] Parsed<ListQuery> parse_list_query(const Query& query);

}  // namespace foldback::server::protocol
