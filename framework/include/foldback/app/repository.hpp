#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foldback/app/event_reader.hpp"
#include "foldback/core/envelope.hpp"
#include "foldback/store/clock.hpp"
#include "foldback/store/stream_store.hpp"

namespace foldback {

/// A random id, as UUID text. From any thread.
[[nodiscard]] std::string random_id();

struct RepositoryOptions {
    /// The streams are `<category>/<id>`.
    std::string category;
    const Clock* clock = &system_clock();             ///< for the events' timestamps; must outlive the repository
    std::function<std::string()> new_id = random_id;  ///< for the events' ids; called from any thread that appends
    std::size_t page_bytes = 1 << 20;                 ///< read at once
};

/// Loads and stores the aggregates of one category. Any number of threads may use it; it holds no aggregate.
template <class Aggregate>
class Repository {
public:
    using Event = typename Aggregate::EventType;

    /// `store` must outlive the repository.
    Repository(StreamStore& store, RepositoryOptions options) : store_(&store), options_(std::move(options)) {}

    /// Throws std::invalid_argument when `id` makes no valid path.
    [[nodiscard]] StreamPath stream_of(std::string_view id) const {
        return {options_.category + "/" + std::string(id)};
    }

    /// The aggregate as it is now; a new one when there is no such stream. Throws CorruptEvent, StorageError, and
    /// RefusedError for a stream that cannot be read (gone, truncated).
    [[nodiscard]] Aggregate load(std::string_view id) const {
        Aggregate aggregate;
        refresh(id, aggregate);
        return aggregate;
    }

    /// Folds what happened since `aggregate` was loaded. Throws as load does; `aggregate` is then somewhere between.
    void refresh(std::string_view id, Aggregate& aggregate) const {
        const auto stream = stream_of(id);
        while (true) {
            const auto page =
                store_->read({.stream = stream, .from = aggregate.offset(), .max_bytes = options_.page_bytes});
            if (!page && page.error().reason == Refusal::not_found && aggregate.offset() == Offset{}) return;
            fold_page(aggregate, page.value(), stream.text());
            if (page->up_to_date) return;
        }
    }

    /// Appends events after `expected`; creates the stream at offset 0. Nothing happens when the stream is elsewhere
    /// (offset_mismatch), or for another refusal. Throws StorageError, and std::invalid_argument for what has no JSON.
    [[nodiscard]] Result<Appended> append(std::string_view id, Offset expected, std::span<const Event> events,
                                          const Metadata& metadata = {}) const {
        return store_->append({.stream = stream_of(id),
                               .messages = encode(events, metadata),
                               .content_type = "application/json",
                               .expected = expected,
                               .create_with = StreamConfig{.content_type = "application/json"}});
    }

    /// The messages of events, with new ids and the time of now.
    [[nodiscard]] Messages encode(std::span<const Event> events, const Metadata& metadata) const {
        std::vector<std::string> texts;
        texts.reserve(events.size());
        for (const auto& event : events) {
            const auto event_id = options_.new_id();
            texts.push_back(
                to_envelope(event, {.id = event_id, .timestamp = options_.clock->now(), .metadata = &metadata}));
        }
        return Messages::trusted_json(std::span<const std::string>(texts));
    }

    [[nodiscard]] StreamStore& store() const noexcept { return *store_; }
    [[nodiscard]] const RepositoryOptions& options() const noexcept { return options_; }

private:
    StreamStore* store_;
    RepositoryOptions options_;
};

}  // namespace foldback
