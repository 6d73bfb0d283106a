#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace foldback::cli {

/// One server-sent event.
struct SseEvent {
    std::string name;  ///< "message" when the stream names none
    std::string data;  ///< the data lines joined by line feeds
};

/// Cuts a byte stream into events, as the HTML standard's "event stream interpretation" says; comments and the fields
/// `id` and `retry` are skipped. Throws std::length_error when an event is larger than `max_event_bytes`.
class SseReader {
public:
    explicit SseReader(std::size_t max_event_bytes = 64 << 20) : max_event_bytes_(max_event_bytes) {}

    void feed(std::string_view bytes, const std::function<void(SseEvent)>& take);

private:
    void take_line(const std::function<void(SseEvent)>& take);

    std::size_t max_event_bytes_;
    std::string line_;
    SseEvent event_;
    bool has_data_ = false;
    bool after_carriage_return_ = false;
};

/// Standard base64 with padding; line breaks are skipped. Throws std::invalid_argument for anything else.
[[nodiscard]] std::string decode_base64(std::string_view text);
[[nodiscard]] std::string encode_base64(std::string_view bytes);

}  // namespace foldback::cli
