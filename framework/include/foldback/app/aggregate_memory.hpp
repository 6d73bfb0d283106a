#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "foldback/app/hot_aggregates.hpp"
#include "foldback/app/loaded.hpp"
#include "foldback/app/snapshot_writer.hpp"
#include "foldback/core/fingerprint.hpp"
#include "foldback/store/clock.hpp"

namespace foldback {

/// What a repository saved itself, since it was made.
struct RepositoryCounters {
    std::uint64_t hot_hits = 0;           ///< loads that began with an aggregate in memory
    std::uint64_t hot_misses = 0;         ///< loads that did not, though such are kept
    std::uint64_t snapshots_used = 0;     ///< loads that began with a snapshot
    std::uint64_t snapshots_ignored = 0;  ///< snapshots whose state could not be read
    SnapshotWriterCounters written{};
};

/// What the templates of repositories stand on. Not for direct use.
namespace detail {

/// Whether a state can be stored: it is described, or has a Codec of its own.
template <class State>
inline constexpr bool can_be_stored = boost::describe::has_describe_members<State>::value || HasHook<State>;

struct MemoryOptions {
    AggregateSource source;
    const Clock* clock;
    std::size_t hot_aggregates;
    SnapshotStore* snapshots;
    SnapshotPolicy policy;
    SnapshotThread thread;
};

/// From where a fold need not begin at the start, and where what was folded is kept: in memory, in snapshots.
template <class Aggregate>
class AggregateMemory {
public:
    using State = typename Aggregate::StateType;

    explicit AggregateMemory(MemoryOptions options) : options_(options), hot_(options.hot_aggregates) {
        if (options.snapshots == nullptr) return;
        if constexpr (can_be_stored<State>) {
            writer_.emplace(*options.snapshots, options.thread);
        } else {
            throw std::invalid_argument("snapshots of a state need its description: add BOOST_DESCRIBE_STRUCT for " +
                                        std::string(name_of_type<State>));
        }
    }

    /// The latest that is known without reading the stream; `is_current` when that is how the stream is now.
    [[nodiscard]] Working<Aggregate> recall(const StreamPath& stream, bool& is_current) {
        is_current = false;
        if (hot_.is_on()) {
            if (const auto hot = hot_.find(stream)) {
                ++hot_hits_;
                return Working<Aggregate>(hot);
            }
            ++hot_misses_;
        }
        auto working = recall_snapshot(stream);
        catch_up(options_.source, stream, working);
        is_current = true;
        keep(stream, working);
        return working;
    }

    /// Reads what `working` misses of the stream; whether there was anything.
    bool refresh(const StreamPath& stream, Working<Aggregate>& working) {
        const bool moved = catch_up(options_.source, stream, working);
        if (moved) keep(stream, working);
        return moved;
    }

    [[nodiscard]] Working<Aggregate> load(const StreamPath& stream) {
        bool is_current = false;
        auto working = recall(stream, is_current);
        if (!is_current) (void)refresh(stream, working);
        return working;
    }
    [[nodiscard]] Working<Aggregate> load(const StreamPath& stream, Offset until) {
        auto working = recall_snapshot(stream, until);
        catch_up(options_.source, stream, working, until);
        return working;
    }

    /// These events were appended where `working` is: keeps what reading them makes of it, if that is worth keeping. Does not
    /// wait for a snapshot, and does not fail: what cannot be read again fails whoever loads it next.
    void remember(const StreamPath& stream, Working<Aggregate> working, const Messages& messages,
                  const Appended& appended) noexcept {
        if (!hot_.is_on() && !is_due(*working, appended.next.offset)) return;
        try {
            std::optional<Timestamp> due_at;
            const auto kept = hot_.put_changed(stream, std::move(working), [&](Loaded<Aggregate>& loaded) {
                fold_messages(loaded.aggregate, messages, stream.text());
                loaded.point = appended.next;
                loaded.incarnation = appended.next.incarnation;
                if (!is_due(loaded, loaded.aggregate.offset()) || !loaded.aggregate.is_settled()) return;
                due_at = options_.clock->now();
                loaded.snapshot_offset = loaded.aggregate.offset();
                loaded.snapshot_taken_at = due_at;
            });
            if (due_at) offer(stream, kept, *due_at);
        } catch (...) {
            // Then it is read from the stream.
        }
    }

    /// Whether there is one now.
    [[nodiscard]] bool take_snapshot(const StreamPath& stream) {
        if (!writer_) return false;
        const auto working = load(stream);
        const auto& aggregate = working->aggregate;
        if (aggregate.offset() == Offset{} || !aggregate.is_settled()) return false;
        if constexpr (can_be_stored<State>) {
            options_.snapshots->save(
                key_of(stream, working->incarnation),
                {.offset = aggregate.offset(), .taken_at = options_.clock->now(), .state = to_json(aggregate.state())});
        }
        return true;
    }

    [[nodiscard]] SnapshotWriter* writer() noexcept { return writer_ ? &*writer_ : nullptr; }

    [[nodiscard]] RepositoryCounters counters() const {
        return {.hot_hits = hot_hits_,
                .hot_misses = hot_misses_,
                .snapshots_used = snapshots_used_,
                .snapshots_ignored = snapshots_ignored_,
                .written = writer_ ? writer_->counters() : SnapshotWriterCounters{}};
    }

private:
    [[nodiscard]] static SnapshotKey key_of(const StreamPath& stream, Incarnation incarnation) {
        return {.stream = stream, .incarnation = incarnation, .fingerprint = fingerprint_of<Aggregate>().value};
    }

    void keep(const StreamPath& stream, Working<Aggregate>& working) {
        if (!hot_.is_on()) return;
        if (working->is_new()) {
            hot_.forget(stream);
        } else {
            hot_.put(stream, working.share());
        }
    }

    [[nodiscard]] bool is_due(const Loaded<Aggregate>& loaded, Offset offset) const {
        if (!writer_ || options_.policy.is_never()) return false;
        return options_.policy.is_due(offset, loaded.snapshot_offset, loaded.snapshot_taken_at, options_.clock->now());
    }

    void offer(const StreamPath& stream, const std::shared_ptr<const Loaded<Aggregate>>& loaded, Timestamp now) {
        if constexpr (can_be_stored<State>) {
            writer_->offer(key_of(stream, loaded->incarnation), loaded->aggregate.offset(), now,
                           [loaded] { return to_json(loaded->aggregate.state()); });
        }
    }

    /// The newest snapshot not beyond `at_most`; a new aggregate when there is none.
    [[nodiscard]] Working<Aggregate> recall_snapshot(const StreamPath& stream, Offset at_most = {UINT64_MAX}) {
        if constexpr (can_be_stored<State>) {
            if (!writer_) return {};
            const auto info = options_.source.store->head(stream);
            if (!info) return {};
            const auto snapshot =
                options_.snapshots->load(key_of(stream, info->incarnation), std::min(at_most, info->tail.offset));
            if (!snapshot) return {};
            try {
                Loaded<Aggregate> loaded{.aggregate = {from_json<State>(snapshot->state), snapshot->offset},
                                         .point = {{}, snapshot->offset},
                                         .incarnation = info->incarnation,
                                         .snapshot_offset = snapshot->offset,
                                         .snapshot_taken_at = snapshot->taken_at};
                ++snapshots_used_;
                return Working<Aggregate>(std::move(loaded));
            } catch (const JsonError&) {
                ++snapshots_ignored_;
            }
        }
        return {};
    }

    const MemoryOptions options_;
    HotAggregates<Aggregate> hot_;
    std::optional<SnapshotWriter> writer_;
    std::atomic<std::uint64_t> hot_hits_{0};
    std::atomic<std::uint64_t> hot_misses_{0};
    std::atomic<std::uint64_t> snapshots_used_{0};
    std::atomic<std::uint64_t> snapshots_ignored_{0};
};

}  // namespace detail
}  // namespace foldback
