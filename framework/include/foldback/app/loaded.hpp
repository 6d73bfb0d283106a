#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "foldback/app/event_reader.hpp"
#include "foldback/store/stream_store.hpp"

/// What the templates of repositories stand on. Not for direct use.
namespace foldback::detail {

/// An aggregate, and which stream's fold it is.
template <class Aggregate>
struct Loaded {
    Aggregate aggregate{};
    /// The end of what is folded. Incarnation 0: not known yet (there was no stream; or it comes from a snapshot).
    StreamPoint point{};
    /// Of the stream. 0: there was none.
    Incarnation incarnation{};
    /// The newest snapshot that is known of.
    Offset snapshot_offset{};
    std::optional<Timestamp> snapshot_taken_at{};

    [[nodiscard]] bool is_new() const noexcept { return incarnation.value == 0; }
    [[nodiscard]] ReadFrom from() const {
        return point.incarnation.value != 0 ? ReadFrom(point) : ReadFrom(aggregate.offset());
    }
};

/// A Loaded to work with, perhaps one that others see too: then it is copied before it is changed.
template <class Aggregate>
class Working {
public:
    Working() : loaded_(std::make_shared<Loaded<Aggregate>>()) {}
    explicit Working(Loaded<Aggregate> loaded) : loaded_(std::make_shared<Loaded<Aggregate>>(std::move(loaded))) {}
    /// One that others see.
    explicit Working(const std::shared_ptr<const Loaded<Aggregate>>& shared)
        : loaded_(std::const_pointer_cast<Loaded<Aggregate>>(shared)), is_shared_(true) {}

    const Loaded<Aggregate>& operator*() const noexcept { return *loaded_; }
    const Loaded<Aggregate>* operator->() const noexcept { return loaded_.get(); }

    [[nodiscard]] Loaded<Aggregate>& own() {
        if (std::exchange(is_shared_, false)) loaded_ = std::make_shared<Loaded<Aggregate>>(*loaded_);
        return *loaded_;
    }
    [[nodiscard]] std::shared_ptr<const Loaded<Aggregate>> share() {
        is_shared_ = true;
        return loaded_;
    }
    /// Whether `other` is this one, and nobody has it but this and `other`; then this has it no longer. Precondition: nobody
    /// copies `other` meanwhile.
    [[nodiscard]] bool leaves_alone(const std::shared_ptr<const Loaded<Aggregate>>& other) {
        if (loaded_ != other || other.use_count() != 2) return false;
        // What those who let go before us read of it happens before what is changed in it now.
        loaded_.reset();
        return true;
    }
    [[nodiscard]] Aggregate take() && {
        if (is_shared_) return loaded_->aggregate;
        return std::move(loaded_->aggregate);
    }

private:
    std::shared_ptr<Loaded<Aggregate>> loaded_;
    bool is_shared_ = false;
};

/// Reads the streams of aggregates.
struct AggregateSource {
    StreamStore* store;
    std::size_t page_bytes;
};

/// Folds messages that are to be appended to `stream`, as reading them later would. Throws CorruptEvent for what could not be
/// read.
template <class Aggregate>
void fold_messages(Aggregate& aggregate, const Messages& messages, std::string_view stream) {
    EnvelopeReader envelope;
    const auto apply = [&aggregate](const auto& event) { aggregate.apply_piece(event); };
    std::size_t begin = 0;
    try {
        for (const auto size : messages.sizes()) {
            envelope.open(messages.joined().substr(begin, size));
            decode_data<typename Aggregate::EventType>(envelope, Aggregate::reading, aggregate.mergers(), apply);
            aggregate.move_to({aggregate.offset().value + 1});
            begin += size + 1;
        }
    } catch (const JsonError& error) {
        throw_corrupt(stream, aggregate.offset(), envelope, error);
    }
}

[[noreturn]] void throw_beyond_tail(const StreamPath& stream, Offset offset, StreamPoint tail);

/// Folds what `working` misses of the stream, up to `until` if that is given; whether there was anything. A stream that was
/// deleted, or deleted and created again, is folded from its start. Throws CorruptEvent, StorageError, and RefusedError for
/// what cannot be read; `working` is then somewhere between.
template <class Aggregate>
bool catch_up(const AggregateSource& source, const StreamPath& stream, Working<Aggregate>& working,
              std::optional<Offset> until = {}) {
    bool moved = false;
    while (true) {
        const auto at = working->aggregate.offset();
        if (until && at >= *until) return moved;
        const auto page = source.store->read({.stream = stream,
                                              .from = working->from(),
                                              .max_bytes = source.page_bytes,
                                              .max_messages = until ? until->value - at.value : SIZE_MAX});
        const bool is_another =
            page ? !working->is_new() && page->incarnation != working->incarnation
                 : page.error().reason == Refusal::not_found || page.error().reason == Refusal::bad_offset;
        if (is_another && !working->is_new()) {
            working = Working<Aggregate>();
            moved = true;
            continue;
        }
        if (!page) {
            if (page.error().reason == Refusal::not_found && !until) return moved;
            throw RefusedError(page.error());
        }
        if (!page->runs.empty() || working->point != page->next) {
            auto& own = working.own();
            moved = moved || !page->runs.empty();
            fold_page(own.aggregate, *page, stream.text());
            own.point = page->next;
            own.incarnation = page->incarnation;
        }
        if (page->up_to_date) {
            if (until && working->aggregate.offset() < *until) throw_beyond_tail(stream, *until, page->tail);
            return moved;
        }
    }
}

}  // namespace foldback::detail
