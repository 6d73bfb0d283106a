#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "foldback/store/messages.hpp"
#include "foldback/store/types.hpp"

namespace foldback {

/// One message of a read. Views into the page that yielded it.
struct Message {
    Offset offset;
    Position position;
    Timestamp committed_at;
    std::string_view data;
};

/// Messages that lie together in the store: `data` holds them joined by commas (JSON), or is one message (bytes).
struct Run {
    Offset first;
    Position first_position;
    Timestamp committed_at;
    std::uint32_t count = 0;
    std::string_view data;
    /// JSON: the size of each message, as unsigned LEB128 numbers. Bytes: empty.
    std::string_view sizes;
};

/// Walks the messages of runs, in order.
class MessageIterator {
public:
    using value_type = Message;
    using difference_type = std::ptrdiff_t;

    MessageIterator() = default;
    MessageIterator(const Run* run, const Run* end, Framing framing);

    const Message& operator*() const noexcept { return message_; }
    const Message* operator->() const noexcept { return &message_; }
    MessageIterator& operator++();
    void operator++(int) { ++*this; }
    friend bool operator==(const MessageIterator& left, const MessageIterator& right) noexcept {
        return left.run_ == right.run_ && left.index_ == right.index_;
    }

private:
    void enter_run();
    void load_size();

    const Run* run_ = nullptr;
    const Run* end_ = nullptr;
    Framing framing_ = Framing::bytes;
    std::uint32_t index_ = 0;
    const char* size_ = nullptr;
    Message message_{};
};

/// What a read returned. Owns the bytes that its runs and messages view; may be moved and kept as long as wanted.
struct ReadPage {
    std::vector<Run> runs;  ///< backward reads: each run holds one message, newest first
    Framing framing = Framing::bytes;
    std::string content_type;
    Incarnation incarnation;  ///< of the stream that was read
    StreamPoint start;        ///< where the read began (its request, resolved)
    StreamPoint next;         ///< where to go on in the same direction
    StreamPoint tail;         ///< the tail at the moment of the read
    bool up_to_date = false;  ///< forward: `next` is the tail. Backward: `next` is the first retained offset
    bool closed = false;      ///< the stream is closed (and so its tail final)
    std::vector<std::shared_ptr<const void>> owners;

    [[nodiscard]] MessageIterator begin() const { return {runs.data(), runs.data() + runs.size(), framing}; }
    [[nodiscard]] MessageIterator end() const {
        return {runs.data() + runs.size(), runs.data() + runs.size(), framing};
    }
    [[nodiscard]] std::size_t payload_bytes() const noexcept {
        std::size_t total = 0;
        for (const auto& run : runs) total += run.data.size();
        return total;
    }
};

/// One message of a feed. Views into the page that yielded it.
struct FeedMessage {
    std::string_view stream;
    StreamPoint offset;
    Position position;
    Timestamp committed_at;
    Framing framing = Framing::bytes;
    std::string_view data;
};

/// What a feed read returned. Owns the bytes that its messages view.
struct FeedPage {
    std::vector<FeedMessage> messages;
    Position next;            ///< where to go on; advances over messages that did not match
    Position tail;            ///< the store's tail at the moment of the read
    bool up_to_date = false;  ///< `next` is the tail
    std::vector<std::shared_ptr<const void>> owners;
};

}  // namespace foldback
