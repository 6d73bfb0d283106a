#include "client/read_state.hpp"

#include <utility>

#include "client/base64.hpp"
#include "client/url.hpp"

namespace foldback::client::detail {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds short_lifetime{1'000};
constexpr unsigned most_short_connections = 3;
constexpr milliseconds first_wait{100};

Error malformed(std::string why) {
    return {.code = ErrorCode::malformed_response,
            .message = "the answer is not what the protocol says: " + std::move(why)};
}

Result<Offset> offset_of(std::string_view token) {
    try {
        return Offset(token);
    } catch (const std::invalid_argument& error) {
        return malformed(std::string("its next offset: ") + error.what());
    }
}

/// Whether reading went backward. There are servers that do not fill their numbers up with zeros: of those that grow longer this says
/// nothing.
bool lies_before(const Offset& next, const Offset& asked) {
    const bool is_somewhere = asked != Offset::beginning() && asked != Offset::now();
    return is_somewhere && next.text().size() == asked.text().size() && next < asked;
}

Error too_large() {
    return {.code = ErrorCode::response_too_large, .message = "an event is larger than max_body_bytes"};
}

/// The body that holds what both hold.
std::string joined(const Batch& first, const Batch& second) {
    if (!first.is_json()) return first.data() + second.data();
    if (first.empty() || second.empty()) return first.empty() ? second.data() : first.data();
    const auto messages = first.data().substr(0, first.data().rfind(']'));
    return messages + "," + second.data().substr(second.data().find('[') + 1);
}

struct Control {
    std::string next_offset;
    std::string cursor;
    bool up_to_date = false;
    bool closed = false;
};

Control parse_control(std::string_view text) {
    Control control;
    JsonReader reader(text);
    reader.begin_object();
    bool first = true;
    std::string_view key;
    while (reader.next_member(first, key)) {
        if (key == "streamNextOffset") {
            control.next_offset = reader.string();
        } else if (key == "streamCursor") {
            control.cursor = reader.string();
        } else if (key == "upToDate") {
            control.up_to_date = reader.boolean();
        } else if (key == "streamClosed") {
            control.closed = reader.boolean();
        } else {
            reader.skip();
        }
    }
    reader.expect_end();
    return control;
}

}  // namespace

ReadState::ReadState(Offset from, Live live, std::size_t max_event_bytes)
    : live_(live),
      max_event_bytes_(max_event_bytes),
      asked_from_(from),
      handed_out_(std::move(from)),
      parser_(max_event_bytes) {
    // Nothing lies between now and what is waited for. Before events something has to say the stream's content type.
    if (asked_from_ == Offset::now() && live_ == Live::long_poll) phase_ = Phase::long_poll;
}

std::string ReadState::query() const {
    std::string query;
    add_parameter(query, "offset", asked_from_.text());
    if (phase_ == Phase::long_poll) add_parameter(query, "live", "long-poll");
    if (phase_ == Phase::events) add_parameter(query, "live", "sse");
    if (is_following() && !cursor_.empty()) add_parameter(query, "cursor", cursor_);
    return query;
}

std::optional<std::string> ReadState::query_after(const ResponseHead& head) const {
    const auto next = offset_of(head.header("stream-next-offset"));
    const bool is_last = head.says_true("stream-up-to-date") || head.says_true("stream-closed");
    if (phase_ != Phase::catch_up || is_last || !next || *next == asked_from_) return std::nullopt;
    std::string query;
    add_parameter(query, "offset", next->text());
    return query;
}

ReadState::Phase ReadState::live_phase() const noexcept {
    switch (live_) {
        case Live::off: return Phase::done;
        case Live::long_poll: return Phase::long_poll;
        case Live::sse: return Phase::events;
        case Live::automatic: return is_json_type(content_type_) ? Phase::events : Phase::long_poll;
    }
    return Phase::done;
}

Result<Batch> ReadState::batch_of(std::string data) const {
    Batch batch;
    if (!batch.assign(std::move(data), is_json_type(content_type_)))
        return malformed("its body is no JSON array of messages");
    return batch;
}

Result<void> ReadState::take_answer(const ResponseHead& head, std::string body) {
    auto next = offset_of(head.header("stream-next-offset"));
    if (!next) return next.error();
    if (const auto type = head.header("content-type"); !type.empty() && head.status != 204) content_type_ = type;
    const bool has_body = head.status != 204 && !(body.empty() && is_json_type(content_type_));
    auto batch = has_body ? batch_of(std::move(body)) : Result<Batch>(Batch{});
    if (!batch) return batch.error();
    batch->closed = head.says_true("stream-closed");
    batch->up_to_date = batch->closed || head.says_true("stream-up-to-date");
    batch->cursor = head.header("stream-cursor");
    if (batch->empty() && !batch->up_to_date && *next == asked_from_)
        return malformed("there is no data, and yet there should be more");
    batch->offset = std::move(*next);
    return accept(std::move(*batch));
}

Result<void> ReadState::accept(Batch batch) {
    if (lies_before(batch.offset, asked_from_) || (batch.offset == asked_from_ && !batch.empty()))
        return malformed("it does not end behind the offset that was asked for");
    asked_from_ = batch.offset;
    if (!batch.cursor.empty()) cursor_ = batch.cursor;
    if (batch.closed) {
        phase_ = Phase::done;
    } else if (batch.up_to_date && phase_ == Phase::catch_up) {
        phase_ = live_phase();
    }
    const bool is_news = batch.up_to_date && !said_up_to_date_;
    said_up_to_date_ = batch.up_to_date;
    if (!batch.empty() || batch.closed || is_news) batches_.push_back(std::move(batch));
    return {};
}

Result<void> ReadState::begin_events(const ResponseHead& head) {
    const auto type = lower_case(head.header("content-type"));
    if (!type.starts_with("text/event-stream")) return malformed("it is '" + type + "' instead of server-sent events");
    is_base64_ = is_same_name(head.header("stream-sse-data-encoding"), "base64");
    parser_ = SseParser(max_event_bytes_);
    unconfirmed_.reset();
    return {};
}

Result<void> ReadState::take_events(std::string_view bytes) {
    std::vector<SseEvent> events;
    if (!parser_.feed(bytes, events)) return too_large();
    for (auto& event : events) {
        if (is_done()) break;
        if (auto taken = take_event(event); !taken) return taken.error();
    }
    return {};
}

Result<void> ReadState::take_event(SseEvent& event) {
    if (event.name == "control") {
        try {
            return take_control(event.data);
        } catch (const JsonError& error) {
            return malformed(std::string("a control event: ") + error.what());
        }
    }
    // Events of kinds that are yet to be invented mean nothing to us.
    if (event.name != "data") return {};
    if (is_base64_) {
        auto bytes = decode_base64(event.data);
        if (!bytes) return malformed("a data event is no base64");
        event.data = std::move(*bytes);
    }
    auto batch = batch_of(std::move(event.data));
    if (!batch) return batch.error();
    // Some servers send several before they say how far these reach.
    if (unconfirmed_) batch = batch_of(joined(*unconfirmed_, *batch));
    if (!batch) return batch.error();
    if (batch->data().size() > max_event_bytes_) return too_large();
    unconfirmed_ = std::move(*batch);
    return {};
}

Result<void> ReadState::take_control(std::string_view text) {
    auto control = parse_control(text);
    auto next = offset_of(control.next_offset);
    if (!next) return next.error();
    auto batch = std::exchange(unconfirmed_, std::nullopt).value_or(Batch{});
    batch.offset = std::move(*next);
    batch.cursor = std::move(control.cursor);
    batch.closed = control.closed;
    batch.up_to_date = control.up_to_date || control.closed;
    return accept(std::move(batch));
}

milliseconds ReadState::end_events(milliseconds lifetime) {
    unconfirmed_.reset();
    if (lifetime >= short_lifetime) {
        short_connections_ = 0;
        return milliseconds(0);
    }
    if (++short_connections_ >= most_short_connections && phase_ == Phase::events) phase_ = Phase::long_poll;
    return first_wait * (1 << std::min(short_connections_, most_short_connections));
}

std::optional<Batch> ReadState::take_batch() {
    if (batches_.empty()) return std::nullopt;
    auto batch = std::move(batches_.front());
    batches_.pop_front();
    handed_out_ = batch.offset;
    return batch;
}

}  // namespace foldback::client::detail
