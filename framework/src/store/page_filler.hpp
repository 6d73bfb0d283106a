#pragma once

#include "foldback/store/stream_store.hpp"
#include "log/record.hpp"

namespace foldback {

/// Cuts stored records to what a read asked for.
class PageFiller {
public:
    PageFiller(ReadPage& page, const ReadRequest& request)
        : page_(page), bytes_left_(request.max_bytes), messages_left_(request.max_messages) {}

    [[nodiscard]] bool full() const noexcept { return full_ || messages_left_ == 0; }
    /// Never 0, so that a page that holds nothing yet gets its first message.
    [[nodiscard]] std::size_t bytes_left() const noexcept { return bytes_left_ == 0 ? 1 : bytes_left_; }

    /// How far from an offset the messages can lie that still have room: in a JSON stream an offset is a message.
    [[nodiscard]] std::uint64_t reach() const noexcept {
        return page_.framing == Framing::json ? messages_left_ : UINT64_MAX;
    }

    /// Adds what the record holds from `from` on and before `to`, as far as the page has room; returns where it stopped.
    [[nodiscard]] Offset add(const log::MessagesAppended& record, Offset from, Offset to);
    /// Adds the record's messages before `before`, newest first, down to `first`; returns the offset of the last one added.
    [[nodiscard]] Offset add_backward(const log::MessagesAppended& record, Offset before, Offset first);

private:
    [[nodiscard]] Offset add_json(const log::MessagesAppended& record, Offset from, Offset to);
    [[nodiscard]] Offset add_bytes(const log::MessagesAppended& record, Offset from, Offset to);
    [[nodiscard]] bool takes(std::size_t bytes);

    ReadPage& page_;
    std::size_t bytes_left_;
    std::size_t messages_left_;
    bool full_ = false;
};

}  // namespace foldback
