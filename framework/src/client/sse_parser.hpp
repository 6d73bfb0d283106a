#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace foldback::client::detail {

struct SseEvent {
    std::string name{};  ///< "message" when the stream names none
    std::string data{};  ///< the data lines joined by line feeds
};

/// Cuts bytes into server-sent events as the HTML standard's "event stream interpretation" says: lines end with CR LF, LF or
/// CR and nothing else, one blank after the colon is dropped, comments and the fields `id`, `retry` and unknown ones are
/// skipped, an event without data is none, and an unfinished one at the end of the stream neither.
class SseParser {
public:
    explicit SseParser(std::size_t max_event_bytes) : max_event_bytes_(max_event_bytes) {}

    /// Adds the events that end within `bytes`. False when one is larger than allowed: the parser is then of no more use.
    [[nodiscard]] bool feed(std::string_view bytes, std::vector<SseEvent>& events);

private:
    void take_line(std::string_view line, std::vector<SseEvent>& events);

    std::size_t max_event_bytes_;
    std::string line_;  ///< the beginning of a line whose end has not come
    SseEvent event_;
    bool has_data_ = false;
    bool after_carriage_return_ = false;
    bool is_first_line_ = true;
};

}  // namespace foldback::client::detail
