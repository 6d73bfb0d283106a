#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foldback/core/decode.hpp"
#include "foldback/core/recorded.hpp"
#include "foldback/store/read_page.hpp"

namespace foldback {

namespace detail {
[[noreturn]] void throw_not_json(std::string_view stream, Offset offset);
}  // namespace detail

/// Folds the messages of a page into an aggregate: the fast way, which looks at nothing but types and data. The page is
/// of the aggregate's stream and begins at its offset. Throws CorruptEvent; what came before that event is folded then.
template <class Aggregate>
void fold_page(Aggregate& aggregate, const ReadPage& page, std::string_view stream) {
    if (page.framing != Framing::json && !page.runs.empty()) detail::throw_not_json(stream, page.start.offset);
    FOLDBACK_CHECK(page.runs.empty() || page.runs.front().first == aggregate.offset(),
                   "a page that begins where the fold is");
    EnvelopeReader envelope;
    const auto apply = [&aggregate](const auto& event) { aggregate.apply_piece(event); };
    Offset offset = aggregate.offset();
    try {
        for (const auto& message : page) {
            envelope.open(message.data);
            decode_data<typename Aggregate::EventType>(envelope, Aggregate::reading, aggregate.mergers(), apply);
            ++offset.value;
            aggregate.move_to(offset);
        }
    } catch (const JsonError& error) {
        throw_corrupt(stream, offset, envelope, error);
    }
}

/// Turns stored messages into Recorded events. Keeps its memory from one message to the next, and what the mergers of each
/// stream remember while they are not idle. The messages of a stream come in order. For one thread at a time.
template <class Event>
class EventReader {
public:
    explicit EventReader(Reading reading = {}) : reading_(reading) {}

    /// Calls `handle(const Recorded<Event>&)` for each event of a message. Throws CorruptEvent, and what `handle` throws.
    template <class Handle>
    void read(const FeedMessage& message, Handle&& handle) {
        if (message.framing != Framing::json) detail::throw_not_json(message.stream, message.offset.offset);
        read(message.stream, message.offset.offset, message.position, message.committed_at, message.data, handle);
    }

    /// The same for each message of a page of `stream`.
    template <class Handle>
    void read(const ReadPage& page, std::string_view stream, Handle&& handle) {
        if (page.framing != Framing::json && !page.runs.empty()) detail::throw_not_json(stream, page.start.offset);
        for (const auto& message : page) {
            read(stream, message.offset, message.position, message.committed_at, message.data, handle);
        }
    }

    /// No merger waits for a further message: a reader that begins after the last message will yield the same.
    [[nodiscard]] bool is_settled() const noexcept { return waiting_.empty(); }

private:
    template <class Handle>
    void read(std::string_view stream, Offset offset, Position position, Timestamp committed_at, std::string_view text,
              Handle& handle) {
        events_.clear();
        try {
            envelope_.open(text);
            const auto collect = [this]<class Struct>(Struct&& event) {
                events_.emplace_back(std::forward<Struct>(event));
            };
            decode(stream, collect);
            if (events_.empty()) return;
            envelope_.read_rest();
            envelope_.read_metadata(recorded_.metadata);
        } catch (const JsonError& error) {
            throw_corrupt(stream, offset, envelope_, error);
        }
        recorded_.type = envelope_.type();
        recorded_.version = envelope_.version();
        recorded_.id = envelope_.id();
        recorded_.recorded_at = envelope_.has_timestamp() ? envelope_.timestamp() : committed_at;
        recorded_.stream = stream;
        recorded_.offset = offset;
        recorded_.position = position;
        recorded_.sub_index = 0;
        for (auto& event : events_) {
            recorded_.event = std::move(event);
            handle(std::as_const(recorded_));
            ++recorded_.sub_index;
        }
    }

    template <class Sink>
    void decode(std::string_view stream, const Sink& sink) {
        MergersOf<Event> mergers;
        if constexpr (MergersOf<Event>::count == 0) {
            decode_data<Event>(envelope_, reading_, mergers, sink);
        } else {
            const auto waiting = waiting_.find(stream);
            if (waiting != waiting_.end()) mergers = waiting->second;
            decode_data<Event>(envelope_, reading_, mergers, sink);
            if (!mergers.are_idle()) {
                waiting_.insert_or_assign(std::string(stream), std::move(mergers));
            } else if (waiting != waiting_.end()) {
                waiting_.erase(waiting);
            }
        }
    }

    Reading reading_;
    std::map<std::string, MergersOf<Event>, std::less<>> waiting_;  ///< the mergers that are not idle, by stream
    EnvelopeReader envelope_;
    std::vector<Event> events_;
    Recorded<Event> recorded_{};
};

}  // namespace foldback
