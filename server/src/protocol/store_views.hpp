#pragma once

#include <string>

#include "foldback/store/read_page.hpp"
#include "foldback/store/stream_store.hpp"

/// What a client that uses the server as its store is told beyond the protocol: with every message also its position and the
/// time of its commit. A page is a line of JSON that says how many bytes of what follows each message is (docs/http-api.md,
/// "As a store").
namespace foldback::server::protocol {

inline constexpr std::string_view page_content_type = "application/vnd.foldback.page";

/// A stream's entry in the list, with times as numbers.
void append_info_text(std::string& out, const StreamInfo& info);
[[nodiscard]] std::string page_text(const ReadPage& page);
/// `page` without the messages that nobody may see there.
[[nodiscard]] std::string feed_page_text(const FeedPage& page);

}  // namespace foldback::server::protocol
