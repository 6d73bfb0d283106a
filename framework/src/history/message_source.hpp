#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "foldback/history/edits.hpp"
#include "foldback/store/stream_store.hpp"

namespace foldback::history {

/// Messages in a row. Owns what they view.
struct MessagePage {
    std::vector<Message> messages;
    std::vector<std::shared_ptr<const void>> owners;

    [[nodiscard]] const Message* find(Offset offset) const {
        if (messages.empty() || offset < messages.front().offset || offset > messages.back().offset) return nullptr;
        return &messages[offset.value - messages.front().offset.value];
    }
};

/// The messages of a history: of a stream, or of a stream with edits.
class MessageSource {
public:
    MessageSource() = default;
    MessageSource(const MessageSource&) = delete;
    MessageSource& operator=(const MessageSource&) = delete;
    virtual ~MessageSource() = default;

    [[nodiscard]] virtual Offset first() const = 0;
    [[nodiscard]] virtual Offset tail() const = 0;
    virtual bool refresh() { return false; }
    /// At least the message at `from`, which lies before the tail, and up to `limit`.
    [[nodiscard]] virtual MessagePage page(Offset from, std::size_t limit) const = 0;
    /// The offset in the stream of the message at `offset`.
    [[nodiscard]] virtual std::optional<Offset> origin_of(Offset offset) const { return offset; }
    /// Up to here it is the stream's history.
    [[nodiscard]] virtual Offset shared_until() const = 0;
    [[nodiscard]] virtual const StreamPath& stream() const = 0;
    /// A fork that leaves the stream at `at`, with `initial`.
    [[nodiscard]] virtual Result<Created> fork(const StreamPath& path, Offset at, Messages initial,
                                               std::optional<std::chrono::seconds> ttl) const = 0;
    [[nodiscard]] virtual StreamStore& store() const = 0;
};

/// What a stream holds; up to the tail as it was at the last refresh. Throws as AnyTimeline says.
[[nodiscard]] std::shared_ptr<MessageSource> open_stream(StreamStore& store, const StreamPath& stream);

/// Another history with changes. `base` is taken as it is now. Throws std::out_of_range for changes beyond its tail.
[[nodiscard]] std::shared_ptr<MessageSource> edit(std::shared_ptr<const MessageSource> base, const Edits& edits);

/// Stores a history as a fork: see AnyTimeline::save_as.
[[nodiscard]] Result<Created> save(const MessageSource& source, const StreamPath& path,
                                   std::optional<std::chrono::seconds> ttl);

}  // namespace foldback::history
