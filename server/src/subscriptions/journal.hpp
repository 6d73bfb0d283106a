#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foldback/store/stream_store.hpp"
#include "subscriptions/cursor.hpp"
#include "subscriptions/state.hpp"

/// Subscriptions in the store: each is a JSON stream of its events below the reserved prefix, and one stream says how far
/// the store's messages were looked at.
namespace foldback::server::subscriptions {

inline constexpr std::string_view subscriptions_prefix = "__ds/subscriptions/";

/// Why a text cannot be the id of a subscription; empty when it can: 1 to 200 bytes that could be one segment of a path.
[[nodiscard]] std::string problem_with_id(std::string_view id);

[[nodiscard]] StreamPath journal_of(const std::string& id);

/// A subscription as it is stored.
struct Loaded {
    State state;
    Offset offset;               ///< of its next event
    std::uint64_t messages = 0;  ///< that were folded
};

/// Folds a subscription back; absent when there is none. Throws StorageError, CorruptEvent.
[[nodiscard]] std::optional<Loaded> load(StreamStore& store, const std::string& id);

/// The ids of all subscriptions, in order.
[[nodiscard]] std::vector<std::string> stored_ids(StreamStore& store);

/// An append of events where `offset` is the end; 0 creates the stream.
[[nodiscard]] AppendRequest to_append(const std::string& id, Offset offset,
                                      const std::vector<SubscriptionEvent>& events, Timestamp now);

/// How far the messages of a store with so many logs were looked at; absent when nobody ever said.
[[nodiscard]] std::optional<Cursor> load_cursor(StreamStore& store, std::size_t logs);
[[nodiscard]] AppendRequest to_append(const Cursor& cursor);
/// Where the cursor is kept. Each message is one; only the last one counts.
[[nodiscard]] StreamPath cursor_path();

}  // namespace foldback::server::subscriptions
