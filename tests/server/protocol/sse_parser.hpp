#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace foldback::server {

struct SseEvent {
    std::string type;
    std::string data;
};

/// The event stream interpretation of the HTML standard (§9.2.6), as any browser does it.
inline std::vector<SseEvent> parse_sse(std::string_view text) {
    std::vector<SseEvent> events;
    SseEvent current;
    bool has_data = false;
    std::size_t begin = 0;
    while (begin < text.size()) {
        const auto end = text.find_first_of("\r\n", begin);
        if (end == std::string_view::npos) break;  // an unfinished line is discarded
        auto line = text.substr(begin, end - begin);
        begin = end + (text.substr(end, 2) == "\r\n" ? 2 : 1);
        if (line.empty()) {
            if (has_data) events.push_back(current);
            current = {};
            has_data = false;
            continue;
        }
        const auto colon = line.find(':');
        const auto field = line.substr(0, colon);
        auto value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
        if (value.starts_with(' ')) value.remove_prefix(1);
        if (field == "event") current.type = value;
        if (field == "data") {
            if (has_data) current.data.push_back('\n');
            current.data.append(value);
            has_data = true;
        }
    }
    return events;
}

}  // namespace foldback::server
