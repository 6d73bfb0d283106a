#pragma once

#include <string>

#include "foldback/store/stream_store.hpp"

namespace foldback::nodes {

/// All that a store holds, as text: equal for stores that are equal.
[[nodiscard]] inline std::string state_of(StreamStore& store) {
    std::string text;
    const auto add = [&](const auto& value) { text += std::to_string(value) + ' '; };
    ListRequest request;
    while (true) {
        const auto page = store.list(request);
        for (const auto& info : page.streams) {
            text += info.stream.text() + ' ' + info.config.content_type + ' ';
            add(info.incarnation.value);
            add(info.tail.offset.value);
            add(info.first.value);
            add(info.closed ? 1 : 0);
            add(info.created_at.time_since_epoch().count());
            text += '\n';
        }
        if (page.complete || page.streams.empty()) break;
        request.after = page.streams.back().stream.text();
    }
    FeedRequest feed;
    while (true) {
        const auto page = store.read_feed(feed);
        for (const auto& message : page.messages) {
            text += std::string(message.stream) + '@';
            add(message.offset.offset.value);
            add(message.position.value);
            text += std::string(message.data) + '\n';
        }
        if (page.up_to_date) return text;
        feed.from = page.next;
    }
}

}  // namespace foldback::nodes
