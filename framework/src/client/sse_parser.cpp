#include "client/sse_parser.hpp"

#include <algorithm>
#include <utility>

namespace foldback::client::detail {

bool SseParser::feed(std::string_view bytes, std::vector<SseEvent>& events) {
    while (!bytes.empty()) {
        if (std::exchange(after_carriage_return_, false) && bytes.front() == '\n') {
            bytes.remove_prefix(1);
            continue;
        }
        auto end = bytes.find('\n');
        end = std::min(end, bytes.substr(0, end).find('\r'));
        const auto part = bytes.substr(0, end);
        if (part.size() > max_event_bytes_ - std::min(max_event_bytes_, line_.size() + event_.data.size()))
            return false;
        if (end == std::string_view::npos) {
            line_ += part;
            return true;
        }
        after_carriage_return_ = bytes[end] == '\r';
        bytes.remove_prefix(end + 1);
        if (line_.empty()) {
            take_line(part, events);
        } else {
            line_ += part;
            take_line(line_, events);
            line_.clear();
        }
    }
    return true;
}

void SseParser::take_line(std::string_view line, std::vector<SseEvent>& events) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (std::exchange(is_first_line_, false) && line.starts_with(byte_order_mark)) line.remove_prefix(3);
    if (line.empty()) {
        auto event = std::exchange(event_, SseEvent{});
        if (event.name.empty()) event.name = "message";
        if (std::exchange(has_data_, false)) events.push_back(std::move(event));
        return;
    }
    const auto colon = std::min(line.find(':'), line.size());
    const auto field = line.substr(0, colon);
    auto value = line.substr(std::min(colon + 1, line.size()));
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "event") {
        event_.name = value;
    } else if (field == "data") {
        if (std::exchange(has_data_, true)) event_.data += '\n';
        event_.data += value;
    }
}

}  // namespace foldback::client::detail
