#include "foldback/app/workflow_batch.hpp"

#include <algorithm>
#include <span>

namespace foldback::detail {
namespace {

/// Streams of one commit at most: few enough for a store that is asked over HTTP.
constexpr std::size_t most_streams = 256;
/// Bytes after which a commit takes no further stream.
constexpr std::size_t enough_bytes = 512 << 10;
constexpr const char* json_type = "application/json";

AppendRequest request_of(const GatheredAppend& append) {
    return {.stream = append.stream,
            .messages = Messages::trusted_json(std::span<const std::string>(append.messages)),
            .content_type = json_type,
            .expected = append.expected,
            .create_with = StreamConfig{.content_type = json_type}};
}

}  // namespace

Result<std::size_t> append_first(StreamStore& store, const std::vector<const GatheredAppend*>& appends) {
    const auto most = store.capabilities().has(Capability::append_all) ? most_streams : 1;
    std::vector<AppendRequest> requests;
    std::size_t count = 0;
    std::size_t bytes = 0;
    for (const auto* append : appends) {
        if (requests.size() == most || bytes >= enough_bytes) break;
        ++count;
        if (append->messages.empty()) continue;
        requests.push_back(request_of(*append));
        bytes += requests.back().messages.joined().size();
    }
    if (requests.size() == 1) {
        const auto appended = store.append(std::move(requests.front()));
        if (!appended) return appended.error();
    } else if (!requests.empty()) {
        const auto appended = store.append_all(std::move(requests));
        if (!appended) return appended.error();
    }
    return count;
}

}  // namespace foldback::detail
