#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foldback/app/aggregate_path.hpp"
#include "foldback/app/committer.hpp"
#include "foldback/app/event_reader.hpp"
#include "foldback/app/first_answer.hpp"
#include "foldback/app/loaded.hpp"
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
    CommandMemory commands{};                         ///< the same for everything that handles the same command ids
};

/// Loads and stores the aggregates of one category. Any number of threads may use it. Copies share what they keep.
///
/// The ids of aggregates may be any text without `/`; see path_segment.
template <class Aggregate>
class Repository {
public:
    using AggregateType = Aggregate;
    using State = typename Aggregate::StateType;
    using Event = typename Aggregate::EventType;

    /// `store` must outlive the repository.
    Repository(StreamStore& store, RepositoryOptions options)
        : store_(&store), options_(std::move(options)), committer_(store, options_.commands, *options_.clock) {}

    /// Throws std::invalid_argument when `id` makes no path; see aggregate_path.
    [[nodiscard]] StreamPath stream_of(std::string_view id) const { return aggregate_path(options_.category, id); }

    /// The aggregate as it is now; a new one when there is no such stream. Throws CorruptEvent, StorageError, and
    /// RefusedError for a stream that cannot be read (gone, truncated).
    [[nodiscard]] Aggregate load(std::string_view id) const {
        auto working = detail::Working<Aggregate>();
        detail::catch_up(source(), stream_of(id), working);
        return std::move(working).take();
    }

    /// The aggregate as it was when `offset` messages of its stream were folded. Throws as the other load does, and
    /// RefusedError when the stream has not come so far (bad_offset) or is not there (not_found).
    [[nodiscard]] Aggregate load(std::string_view id, Offset offset) const {
        auto working = detail::Working<Aggregate>();
        detail::catch_up(source(), stream_of(id), working, offset);
        return std::move(working).take();
    }

    /// Folds what happened since `aggregate` was loaded. Throws as load does; `aggregate` is then somewhere between. It does
    /// not see that the stream was deleted and created again meanwhile.
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

    /// Loads the aggregate, asks `decide(const State&)` for a Decision<Event>, and appends its events where the state was
    /// read. When others appended meanwhile, it reads what they did and asks again, at most `options.max_attempts` times.
    /// `decide` is a pure function: it may be called several times, also for a command that turns out to be a duplicate.
    ///
    /// A decision without events is one about the aggregate as it was at a moment during the call. Throws what `decide`
    /// throws and what load throws; RefusedError when the store refuses (closed, full, busy); StorageError, after which it is
    /// not known whether the events are there: a command with an id may simply be given again. Throws std::invalid_argument for
    /// a command id that was used for another aggregate, and for events without JSON.
    template <class Decide>
    Outcome<Event> transact(std::string_view id, Decide&& decide, const TransactOptions& options = {}) const {
        FOLDBACK_CHECK(options.max_attempts > 0, "a command is tried at least once");
        const auto why = with_command(options);
        const auto stream = stream_of(id);
        auto working = detail::Working<Aggregate>();
        detail::catch_up(source(), stream, working);
        for (unsigned attempt = 1;; ++attempt) {
            Decision<Event> decision = decide(std::as_const(working->aggregate.state()));
            if (decision.events().empty()) return settle(stream, working->aggregate.offset(), decision, why);
            auto tried = committer_.append({{stream, working->point, encode(decision.events(), why)}}, why);
            if (const auto* appended = std::get_if<std::vector<Appended>>(&tried)) {
                return Outcome<Event>(happened(stream, appended->front()), std::move(decision).events());
            }
            if (const auto* first = std::get_if<detail::CommandRecord>(&tried)) return again(*first, stream, why);
            if (attempt == options.max_attempts) {
                return CommandOutcome(Conflict{.stream = stream,
                                               .expected = working->point.offset,
                                               .tail = std::get<Refused>(tried).tail.offset,
                                               .attempts = attempt});
            }
            detail::catch_up(source(), stream, working);
        }
    }

    /// The messages of events, with new ids and the time of now.
    [[nodiscard]] Messages encode(std::span<const Event> events, const Metadata& metadata) const {
        return encode(events, TransactOptions{.metadata = metadata});
    }
    /// The same for the events of a command: those of one with an id have ids made of that, numbered from `first_index` on.
    [[nodiscard]] Messages encode(std::span<const Event> events, const TransactOptions& options,
                                  std::size_t first_index = 0) const {
        std::vector<std::string> texts;
        texts.reserve(events.size());
        for (const auto& event : events) {
            const auto event_id = options.command_id.empty()
                                      ? options_.new_id()
                                      : detail::event_id_of(options.command_id, first_index + texts.size());
            texts.push_back(to_envelope(
                event, {.id = event_id, .timestamp = options_.clock->now(), .metadata = &options.metadata}));
        }
        return Messages::trusted_json(std::span<const std::string>(texts));
    }

    [[nodiscard]] StreamStore& store() const noexcept { return *store_; }
    [[nodiscard]] const RepositoryOptions& options() const noexcept { return options_; }

private:
    [[nodiscard]] detail::AggregateSource source() const { return {store_, options_.page_bytes}; }

    [[nodiscard]] static TransactOptions with_command(TransactOptions options) {
        if (options.metadata.command.empty()) options.metadata.command = options.command_id;
        return options;
    }

    [[nodiscard]] static CommandOutcome happened(const StreamPath& stream, const Appended& appended) {
        return CommandOutcome::Happened{.ranges = {{stream, appended.first.offset, appended.next.offset}},
                                        .position = appended.next_position};
    }

    /// Nothing to append.
    [[nodiscard]] Outcome<Event> settle(const StreamPath& stream, Offset at, const Decision<Event>& decision,
                                        const TransactOptions& why) const {
        const auto* rejection = decision.is_rejected() ? &decision.rejection() : nullptr;
        if (const auto first = committer_.settle({{stream, at, at}}, rejection, why)) return again(*first, stream, why);
        if (rejection != nullptr) return CommandOutcome(*rejection);
        return CommandOutcome(CommandOutcome::NothingHappened{});
    }

    /// The first answer.
    [[nodiscard]] Outcome<Event> again(const detail::CommandRecord& first, const StreamPath& stream,
                                       const TransactOptions& why) const {
        detail::require_same_streams(first, {stream}, why.command_id);
        if (!first.outcome.is_appended()) return first.outcome;
        Position position;
        auto events = detail::events_of_first_answer<Event>(*store_, first.streams.front(), why.command_id, 0,
                                                            Aggregate::reading, position);
        CommandOutcome outcome(CommandOutcome::Happened{first.outcome.ranges(), position});
        outcome.mark_duplicate();
        return {std::move(outcome), std::move(events)};
    }

    StreamStore* store_;
    RepositoryOptions options_;
    detail::Committer committer_;
};

}  // namespace foldback
