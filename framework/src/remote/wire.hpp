#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "foldback/client/error.hpp"
#include "foldback/store/stream_store.hpp"

/// What our server and its clients say to each other beyond the protocol (docs/http-api.md, "As a store"). Everything that
/// reads throws JsonError, or StorageError when the numbers contradict each other.
namespace foldback::remote {

/// The body of a POST to `/v1/append`. Throws std::invalid_argument for a text that is not UTF-8.
[[nodiscard]] std::string appends_text(std::span<const AppendRequest> requests);
[[nodiscard]] std::vector<Appended> read_appended(std::string_view text, std::size_t count);

[[nodiscard]] StreamInfo read_info(std::string_view text);
[[nodiscard]] StreamList read_list(std::string_view text);

/// The pages keep the body.
[[nodiscard]] ReadPage read_page(std::string body);
[[nodiscard]] FeedPage read_feed_page(std::string body);

/// A refusal of the store; absent when the error is something else, such as a missing right.
[[nodiscard]] std::optional<Refused> refusal_in(const client::Error& error);

[[nodiscard]] std::string offset_token(StreamPoint point);
[[nodiscard]] StreamPoint point_in(std::string_view token);
/// The number in a position token.
[[nodiscard]] Position position_in(std::string_view token);
/// RFC 3339 in UTC, with milliseconds.
[[nodiscard]] std::string time_text(Timestamp time);

}  // namespace foldback::remote
