#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foldback/app/aggregate_memory.hpp"
#include "foldback/app/aggregate_path.hpp"
#include "foldback/app/committer.hpp"
#include "foldback/app/event_reader.hpp"
#include "foldback/app/first_answer.hpp"
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
    /// So many aggregates stay in memory, those used last, so that only what came after is read. They are never believed: an
    /// append is made where they end, or not at all. 0: none.
    std::size_t hot_aggregates = 0;
    /// Where folds begin, if there is a snapshot made by the same code; must outlive the repository. The state must be
    /// described. Null: no snapshots.
    SnapshotStore* snapshots = nullptr;
    SnapshotPolicy snapshot_policy{};  ///< when new ones are made; never, unless something is set
    SnapshotThread snapshot_thread = SnapshotThread::own;
};

template <class Aggregate>
class Repository;

/// One aggregate of a repository, for a command on several. See `together`.
template <class Aggregate>
struct AggregateAt {
    Repository<Aggregate> repository;
    StreamPath stream;
};

namespace detail {

struct RepositoryParts;

/// A wrong presumption is no lost race.
[[nodiscard]] inline unsigned attempts_of(const TransactOptions& options) {
    return options.max_attempts + (options.presumes_new ? 1 : 0);
}

/// Options that say the command's id in the metadata, too.
[[nodiscard]] inline TransactOptions with_command(TransactOptions options) {
    if (options.metadata.command.empty()) options.metadata.command = options.command_id;
    return options;
}

}  // namespace detail

/// Loads and stores the aggregates of one category. Any number of threads may use it. Copies share what they keep.
///
/// The ids of aggregates may be any text without `/`; see path_segment.
template <class Aggregate>
class Repository {
public:
    using AggregateType = Aggregate;
    using State = typename Aggregate::StateType;
    using Event = typename Aggregate::EventType;

    /// `store` must outlive the repository. Throws std::invalid_argument for snapshots of a state without a description.
    Repository(StreamStore& store, RepositoryOptions options)
        : store_(&store),
          options_(std::move(options)),
          committer_(store, options_.commands, *options_.clock),
          memory_(std::make_shared<detail::AggregateMemory<Aggregate>>(
              detail::MemoryOptions{.source = {&store, options_.page_bytes},
                                    .clock = options_.clock,
                                    .hot_aggregates = options_.hot_aggregates,
                                    .snapshots = options_.snapshots,
                                    .policy = options_.snapshot_policy,
                                    .thread = options_.snapshot_thread})) {}

    /// Throws std::invalid_argument when `id` makes no path; see aggregate_path.
    [[nodiscard]] StreamPath stream_of(std::string_view id) const { return aggregate_path(options_.category, id); }

    /// The aggregate of this id, for a command on several; see `together`. Throws as stream_of does.
    [[nodiscard]] AggregateAt<Aggregate> at(std::string_view id) const { return {*this, stream_of(id)}; }

    /// The aggregate as it is now; a new one when there is no such stream. Throws CorruptEvent, StorageError, and
    /// RefusedError for a stream that cannot be read (gone, truncated).
    [[nodiscard]] Aggregate load(std::string_view id) const { return memory_->load(stream_of(id)).take(); }

    /// The aggregate as it was when `offset` messages of its stream were folded. Throws as the other load does, and
    /// RefusedError when the stream has not come so far (bad_offset) or is not there (not_found).
    [[nodiscard]] Aggregate load(std::string_view id, Offset offset) const {
        return memory_->load(stream_of(id), offset).take();
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
        const auto why = detail::with_command(options);
        const auto stream = stream_of(id);
        bool is_current = false;
        auto working = options.presumes_new ? Working() : memory_->recall(stream, is_current);
        const unsigned last_attempt = detail::attempts_of(options);
        for (unsigned attempt = 1;; ++attempt) {
            Decision<Event> decision = decide(std::as_const(working->aggregate.state()));
            if (decision.events().empty()) {
                // What memory says is not enough to say no.
                if (!std::exchange(is_current, true) && memory_->refresh(stream, working)) {
                    --attempt;
                    continue;
                }
                return settle(stream, working->aggregate.offset(), decision, why);
            }
            const auto messages = encode(decision.events(), why);
            auto tried = committer_.append({{stream, working->point, messages}}, why);
            if (const auto* appended = std::get_if<std::vector<Appended>>(&tried)) {
                memory_->remember(stream, std::move(working), messages, appended->front());
                return Outcome<Event>(happened(stream, appended->front()), std::move(decision).events());
            }
            if (const auto* first = std::get_if<detail::CommandRecord>(&tried)) return again(*first, stream, why);
            if (attempt == last_attempt) {
                return lost(stream, working->point.offset, std::get<Refused>(tried), attempt);
            }
            (void)memory_->refresh(stream, working);
            is_current = true;
        }
    }

    /// Keeps a snapshot of the aggregate as it is now; returns when it is saved. False when there is nothing to keep: no
    /// SnapshotStore, no events, or an upcaster that waits for a further one. Throws as load does, and DatabaseError.
    [[nodiscard]] bool take_snapshot(std::string_view id) const { return memory_->take_snapshot(stream_of(id)); }

    /// Who saves the snapshots of the policy: to wait for it, to write on this thread, to stop it. Null without a SnapshotStore.
    /// It stops with the last copy of the repository.
    [[nodiscard]] SnapshotWriter* snapshot_writer() const noexcept { return memory_->writer(); }

    [[nodiscard]] RepositoryCounters counters() const { return memory_->counters(); }

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
        if (texts.size() == 1) return Messages::one_trusted_json(std::move(texts.front()));
        return Messages::trusted_json(std::span<const std::string>(texts));
    }

    [[nodiscard]] StreamStore& store() const noexcept { return *store_; }
    [[nodiscard]] const RepositoryOptions& options() const noexcept { return options_; }

private:
    friend struct detail::RepositoryParts;
    using Working = detail::Working<Aggregate>;

    [[nodiscard]] static CommandOutcome happened(const StreamPath& stream, const Appended& appended) {
        return CommandOutcome::Happened{.ranges = {{stream, appended.first.offset, appended.next.offset}},
                                        .position = appended.next_position};
    }

    [[nodiscard]] static CommandOutcome lost(const StreamPath& stream, Offset expected, const Refused& refused,
                                             unsigned attempts) {
        return Conflict{.stream = stream, .expected = expected, .tail = refused.tail.offset, .attempts = attempts};
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
        detail::require_same_streams(first, {&stream}, why.command_id);
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
    std::shared_ptr<detail::AggregateMemory<Aggregate>> memory_;
};

namespace detail {

/// The inside of a repository, for commands on several aggregates.
struct RepositoryParts {
    template <class Aggregate>
    [[nodiscard]] static AggregateMemory<Aggregate>* memory(const Repository<Aggregate>& repository) {
        return repository.memory_.get();
    }
    template <class Aggregate>
    [[nodiscard]] static const Committer& committer(const Repository<Aggregate>& repository) {
        return repository.committer_;
    }
};

}  // namespace detail
}  // namespace foldback
