#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "client/http.hpp"
#include "client/sse_parser.hpp"
#include "foldback/client/read_session.hpp"

namespace foldback::client::detail {

/// A read session without its sockets: which request comes next, and what the answer to it means. First the stream is read
/// to its end; then, if it is to be followed, by long-poll or server-sent events from there.
///
/// What server-sent events bring counts only when its control event has come: until then nobody knows its offset.
class ReadState {
public:
    ReadState(Offset from, Live live, std::size_t max_event_bytes);

    /// Server-sent events are to come instead of a whole answer.
    [[nodiscard]] bool wants_events() const noexcept { return phase_ == Phase::events; }
    /// There was an answer, and more will be waited for.
    [[nodiscard]] bool is_following() const noexcept { return phase_ == Phase::long_poll || phase_ == Phase::events; }
    [[nodiscard]] bool is_done() const noexcept { return phase_ == Phase::done; }
    /// The query of the next request.
    [[nodiscard]] std::string query() const;
    /// The query after this answer, if the answer is not the last one of what is there.
    [[nodiscard]] std::optional<std::string> query_after(const ResponseHead& head) const;

    /// A whole answer. An error is why it cannot be what the protocol says; the state is then as before.
    [[nodiscard]] Result<void> take_answer(const ResponseHead& head, std::string body);

    /// The head of an answer whose body is events.
    [[nodiscard]] Result<void> begin_events(const ResponseHead& head);
    /// A part of that body. After an error the connection is to be given up.
    [[nodiscard]] Result<void> take_events(std::string_view bytes);
    /// The connection that brought events is no more. Returns how long to wait before the next request: connections that
    /// keep ending early make the session wait, and then use long-poll instead.
    [[nodiscard]] std::chrono::milliseconds end_events(std::chrono::milliseconds lifetime);

    /// What was understood and not yet taken.
    [[nodiscard]] std::optional<Batch> take_batch();

    /// Behind what `take_batch` handed out.
    [[nodiscard]] const Offset& offset() const noexcept { return handed_out_; }
    [[nodiscard]] const std::string& content_type() const noexcept { return content_type_; }

private:
    enum class Phase : std::uint8_t { catch_up, long_poll, events, done };

    [[nodiscard]] Result<void> take_event(SseEvent& event);
    [[nodiscard]] Result<void> take_control(std::string_view text);
    [[nodiscard]] Result<Batch> batch_of(std::string data) const;
    /// Refuses, changing nothing, what was asked for already.
    [[nodiscard]] Result<void> accept(Batch batch);
    [[nodiscard]] Phase live_phase() const noexcept;

    Live live_;
    std::size_t max_event_bytes_;
    Phase phase_ = Phase::catch_up;
    Offset asked_from_;  ///< where the next request begins
    Offset handed_out_;
    std::string cursor_;
    std::string content_type_;
    bool said_up_to_date_ = false;

    SseParser parser_;
    bool is_base64_ = false;
    std::optional<Batch> unconfirmed_;
    unsigned short_connections_ = 0;

    std::deque<Batch> batches_;
};

}  // namespace foldback::client::detail
