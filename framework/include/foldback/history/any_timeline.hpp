#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foldback/history/answers.hpp"
#include "foldback/history/edits.hpp"
#include "foldback/history/lens.hpp"
#include "foldback/history/shrink.hpp"
#include "foldback/store/stream_store.hpp"

namespace foldback {

struct TimelineOptions {
    /// A copy of the state is kept every so many events, and twice as many whenever `max_bytes` is reached.
    std::size_t checkpoint_every = 256;
    /// What these copies may take together, roughly. At least two are kept, however large.
    std::size_t max_bytes = 64 << 20;
};

/// The history of one stream, seen through a lens, without types: what tools drive by JSON. Only the lens's fold runs:
/// no handler, no clock; nothing is written except by `save_as`.
///
/// The timeline sees the stream as it was when it was made, or at the last `refresh`; its moments are first() to tail().
/// It stands at one of them, at the tail in the beginning. Moments and offsets beyond the tail throw std::out_of_range.
///
/// Messages that the lens cannot fold change nothing, and are told: by `unreadable`, `problem_at` and the `problem` of the
/// events. A stream that was deleted and created again since throws std::runtime_error; reading throws StorageError.
///
/// One thread at a time uses a timeline. The store must outlive it.
class AnyTimeline {
public:
    /// Throws RefusedError when the stream cannot be read, or is truncated and the lens needs the whole of it;
    /// std::invalid_argument when it holds bytes and no JSON.
    AnyTimeline(StreamStore& store, const StreamPath& stream, Lens lens, TimelineOptions options = {});
    /// The same for a fold that has seen everything before `from` already: a snapshot.
    AnyTimeline(StreamStore& store, const StreamPath& stream, Lens lens, std::unique_ptr<Fold> base, Offset from,
                TimelineOptions options = {});
    AnyTimeline(AnyTimeline&&) noexcept;
    AnyTimeline& operator=(AnyTimeline&&) noexcept;
    ~AnyTimeline();

    [[nodiscard]] const StreamPath& stream() const noexcept;
    [[nodiscard]] const Lens& lens() const noexcept;
    /// The first moment: 0, or where the retained messages begin, or where the base was taken.
    [[nodiscard]] Offset first() const noexcept;
    /// The last moment.
    [[nodiscard]] Offset tail() const noexcept;
    /// Takes in what was appended since; whether there was something. It stands where it stood. A what-if does not grow.
    bool refresh();

    // ---- moments ----

    /// The moment where the timeline stands.
    [[nodiscard]] Offset offset() const noexcept;
    void go_to(Offset moment);
    /// One event on; false at the tail.
    bool step_forward();
    /// One event back; false at the first moment.
    bool step_back();
    /// The moment at a time: everything was committed then that was committed at or before `time`. Commit times are taken
    /// to ascend, as they do while nobody sets the machine's clock back. Throws MissingCapability for a store without commit
    /// times.
    [[nodiscard]] Offset moment_at(Timestamp time);

    /// The fold at the moment where the timeline stands. Valid until the timeline is used again.
    [[nodiscard]] const Fold& fold();
    /// The state there, as JSON.
    [[nodiscard]] std::string state();
    /// The state at any moment. The timeline stays where it stands.
    [[nodiscard]] std::string state_at(Offset moment);
    /// What changed between two moments, as JSON Patch, in either direction.
    [[nodiscard]] std::string diff(Offset from, Offset to);
    [[nodiscard]] Comparison compare(Offset from, Offset to);
    /// Which event last changed each part of the state at a moment. Folds everything up to it. Elements of arrays that
    /// have an identity field are followed by it wherever they stand; those of others by their index.
    [[nodiscard]] std::vector<Blame> blame(Offset moment);

    // ---- events ----

    [[nodiscard]] StoredEvent event(Offset at);
    /// Up to `count` events, fewer at the tail.
    [[nodiscard]] std::vector<StoredEvent> events(Offset from, std::size_t count);
    /// Events as stored, without `current`; `problem` says what is known so far.
    [[nodiscard]] FoundEvents search(const EventSearch& what);
    /// Why the event could not be folded; empty when it could.
    [[nodiscard]] std::string problem_at(Offset event);
    /// All events that cannot be folded, up to a moment; it folds that far.
    [[nodiscard]] std::vector<UnreadableEvent> unreadable(Offset up_to);

    // ---- searching moments ----

    /// The first moment at which the predicate holds. Where the timeline stands afterwards is the moment that was found.
    [[nodiscard]] FirstMoment first_where(const FoldPredicate& predicate, const Scan& scan = {});
    /// The same for a predicate on the state's JSON text.
    [[nodiscard]] FirstMoment first_where_json(const std::function<bool(std::string_view state)>& predicate,
                                               const Scan& scan = {});
    /// Where the lens's invariants do not hold, all in one forward pass.
    [[nodiscard]] std::vector<InvariantReport> check_invariants(const Scan& scan = {});
    /// The first moment at which this and another timeline, of the same history under other code, say different things:
    /// another state, or an event that only one of them can fold. Moments that only one of them has are not compared.
    [[nodiscard]] std::optional<Divergence> first_divergence(AnyTimeline& other, const Scan& scan = {});

    /// The fewest events with which the predicate holds at their end, of those up to the first moment at which it does;
    /// absent when there is no such moment. Events that cannot be folded without the missing ones do not keep it. Holds
    /// the messages up to that moment in memory.
    [[nodiscard]] std::optional<ShrunkHistory> shrink(const FoldPredicate& fails, const ShrinkLimits& limits = {});

    // ---- what if ----

    /// The history as it would have been with `edits`: a timeline of its own, in memory, with offsets of its own. It shares
    /// what lies before the first change. Throws std::out_of_range for edits beyond the tail.
    [[nodiscard]] AnyTimeline what_if(const Edits& edits) const;
    /// The offset that an event of a what-if has in the real history; absent for one that was put there. (Replaced events
    /// keep their offset.) In a real history every event has its own.
    [[nodiscard]] std::optional<Offset> origin_of(Offset event) const;
    /// Stores a what-if as a fork of the stream, which any reader may read: the fork leaves the source before the first
    /// edit. Of a real history it is a plain fork at the tail. Refuses `exists` when `path` is taken and all that `create`
    /// refuses; then nothing is stored, or, when the writing failed midway, what was stored is removed again.
    [[nodiscard]] Result<Created> save_as(const StreamPath& path,
                                          std::optional<std::chrono::seconds> ttl = std::nullopt) const;

private:
    class Engine;
    explicit AnyTimeline(std::unique_ptr<Engine> engine);

    std::unique_ptr<Engine> engine_;
};

}  // namespace foldback
