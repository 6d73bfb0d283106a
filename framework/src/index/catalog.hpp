#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "foldback/store/clock.hpp"
#include "index/index_db.hpp"
#include "index/path_filter.hpp"
#include "index/stream_state.hpp"
#include "log/log.hpp"

namespace foldback::index {

/// Who appends to the log, and so whose accesses it tells.
enum class Sharing : std::uint8_t { alone, among_nodes };

/// The streams of the store, folded from the log: those in use in memory, the others in the index.
///
/// `mutex()` guards the catalog and the states it hands out: whoever folds (`apply`, `begin_checkpoint`,
/// `end_checkpoint`, `forget_records_in`) holds it exclusively, whoever looks at fields of a state holds it shared.
/// The members that say so take it themselves. Only one thread at a time folds.
class Catalog {
public:
    Catalog(IndexDb& index, const Clock& clock, Sharing sharing = Sharing::alone)
        : index_(index),
          clock_(clock),
          sharing_(sharing),
          opened_at_ms_(clock.monotonic().count()),
          opened_at_wall_ms_(clock.now().time_since_epoch().count()) {}

    [[nodiscard]] std::shared_mutex& mutex() const noexcept { return mutex_; }

    // ---- finding streams; take the mutex themselves; may read the index ----

    /// The stream that has this path now, soft-deleted ones included; null when there is none.
    [[nodiscard]] StreamRef find(const std::string& path) {
        return find(path, [](const StreamState&) {});
    }
    [[nodiscard]] StreamRef find(Incarnation incarnation);
    /// The same, and looks at it under the same lock.
    [[nodiscard]] StreamRef find(const std::string& path, const std::function<void(const StreamState&)>& look);

    /// Calls `look(const StreamState&)` under the shared lock; false when there is no such stream any more.
    template <class Look>
    bool look_at(Incarnation incarnation, const Look& look) {
        {
            const std::shared_lock lock(mutex_);
            const auto found = by_incarnation_.find(incarnation.value);
            if (found != by_incarnation_.end()) return look_at_usable(*found->second, look);
        }
        const auto stream = find(incarnation);
        if (!stream) return false;
        const std::shared_lock lock(mutex_);
        return look_at_usable(*stream, look);
    }

    /// Learns some more paths from the index; false when all are known. From then on a path that is certainly new is not
    /// asked about there. Begins anew when most of the paths it knows are of streams that are gone, so that its memory
    /// follows the streams there are. Takes the mutex itself; one thread at a time.
    bool learn_paths();
    /// Memory of the paths learned. The caller holds the mutex.
    [[nodiscard]] std::size_t path_bytes() const noexcept { return paths_.bytes(); }

    /// The segment that may hold the creation of a stream that is dead, but not yet gone from the index.
    [[nodiscard]] std::optional<std::uint64_t> creation_of_dead(Incarnation incarnation) const;

    /// For the thread that folds.
    [[nodiscard]] std::optional<ProducerState> find_producer(const StreamRef& stream, const std::string& id);

    // ---- expiry ----

    /// Whether the stream's time is over, seen from now. The caller holds the mutex (shared is enough).
    [[nodiscard]] bool expired(const StreamState& stream) const;
    /// Restarts the sliding window. Needs no lock.
    void touch(const StreamRef& stream);

    // ---- the same where nodes share the log (decision 73); needs no lock ----

    [[nodiscard]] Sharing sharing() const noexcept { return sharing_; }
    /// Of a stream with a time to live: when it is over as far as all nodes know; on the monotonic clock.
    [[nodiscard]] static std::int64_t known_deadline_ms(const StreamState& stream);
    /// When it was used last, by somebody here or as the log says; on the monotonic clock.
    [[nodiscard]] std::int64_t used_at_ms(const StreamState& stream) const;
    [[nodiscard]] Timestamp wall_time(std::int64_t monotonic_ms) const;
    /// Puts the stream among those that `take_unlogged` returns, unless it waits already or the log is this store's alone.
    void await_renewal(const StreamRef& stream);
    /// Streams used here since the last call that waited for no renewal yet.
    [[nodiscard]] std::vector<StreamRef> take_unlogged();

    /// Nothing is idle until `end_hold`: this node cannot know what others do, nor say what is read here.
    void hold_idling() noexcept { idling_from_ms_.store(INT64_MAX, std::memory_order_relaxed); }
    [[nodiscard]] bool holds_idling() const;
    /// The log is within reach. After a hold nothing is idle for a moment yet, in which all nodes say what was read meanwhile.
    void end_hold();

    // ---- folding; the caller holds the mutex exclusively ----

    /// Folds one durable commit. Streams whose path changed or grew are reported through `changed`, if given. `known` are
    /// records of it that need not be read, in their order.
    void apply(const log::CommitView& commit, const std::function<void(const StreamRef&)>& changed = {},
               std::span<const PlainAppend> known = {});

    /// Up to where the log is folded: what is visible. The caller holds the mutex.
    [[nodiscard]] log::Place folded_to() const noexcept { return folded_to_; }
    [[nodiscard]] Position next_position() const noexcept { return next_position_; }
    /// Where an index begins that was found at opening.
    void start_at(const IndexDb::Head& head) noexcept {
        folded_to_ = head.covered;
        next_position_ = head.next_position;
        raise_next_incarnation(head.next_incarnation);
    }

    /// Raised by the fold; the number the next stream gets.
    [[nodiscard]] Incarnation next_incarnation() const noexcept { return next_incarnation_; }
    void raise_next_incarnation(Incarnation to) noexcept { next_incarnation_ = std::max(next_incarnation_, to); }

    // ---- checkpoints; one thread at a time; the caller holds the mutex exclusively ----

    /// Copies everything that changed since the last checkpoint. Changes nothing when it throws: StorageError when an
    /// earlier change failed half-way.
    [[nodiscard]] Checkpoint begin_checkpoint();
    /// After saving it failed: all of it will be in the next one.
    void abandon_checkpoint(const Checkpoint& checkpoint);
    /// Streams that are not in the catalog any more. To free them takes as long as to forget them: best without the mutex.
    using Forgotten = std::vector<StreamRef>;
    /// After the index has it: forgets what the index now knows, and the streams that it has removed.
    [[nodiscard]] Forgotten end_checkpoint(const Checkpoint& checkpoint);
    /// While more than `max_saved` are in memory that the index has as they are: forgets streams out of use, those first that were
    /// not used for longest. Looks at `turns` at most. A stream that was used since its last turn is spared once, so that after
    /// twice `turns()` all are forgotten that can be.
    [[nodiscard]] Forgotten evict(std::size_t max_saved, std::size_t turns);
    [[nodiscard]] std::size_t turns() const noexcept { return in_turn_.size(); }
    /// Drops saved records of a segment that was rewritten: the index knows their new places.
    void forget_records_in(std::uint64_t segment);

    /// How much a checkpoint would write, roughly: streams and records changed. The caller holds the mutex.
    [[nodiscard]] std::uint64_t unsaved_bytes() const noexcept { return unsaved_bytes_; }
    [[nodiscard]] std::size_t unsaved_items() const noexcept {
        return dirty_.size() + removed_.size() + unsaved_records_;
    }

    /// Landmarks not yet in the index, and changed streams: for reads that merge them. The caller holds the mutex.
    [[nodiscard]] const std::deque<Landmark>& recent_landmarks() const noexcept { return landmarks_; }
    [[nodiscard]] const std::vector<StreamRef>& dirty_streams() const noexcept { return dirty_; }
    /// Streams that the checkpoint under way is about to save.
    [[nodiscard]] const std::vector<StreamRef>& saving_streams() const noexcept { return saving_; }
    /// How many checkpoints have ended: while that stays the same, what the index lacks is among the two above.
    [[nodiscard]] std::uint64_t checkpoints() const noexcept { return checkpoints_; }
    [[nodiscard]] std::size_t resident_streams() const noexcept { return by_incarnation_.size(); }
    /// Of those, the ones that the next checkpoint will not write.
    [[nodiscard]] std::size_t saved_streams() const noexcept {
        return by_incarnation_.size() - std::min(dirty_.size(), by_incarnation_.size());
    }
    [[nodiscard]] std::uint64_t stream_count() const noexcept { return stream_count_; }
    void set_stream_count(std::uint64_t count) noexcept { stream_count_ = count; }

    /// Marks a stream for the next checkpoint (its access time is due to be saved). The caller holds the mutex
    /// exclusively.
    void mark_dirty(const StreamRef& stream);

private:
    using ByIncarnation = std::unordered_map<std::uint64_t, StreamRef>;

    /// Brings a row into memory, and first those of its sources that are not there.
    [[nodiscard]] StreamRef adopt(StreamRow row);
    /// The same for a stream whose source is in memory.
    StreamRef adopt_one(StreamRow row);
    /// Has the path lead to the stream, unless it leads to a newer one.
    void name(const StreamRef& stream);
    [[nodiscard]] StreamRef folded(Incarnation incarnation);
    [[nodiscard]] static bool is_usable(StreamState& stream) noexcept {
        if (stream.life == Life::dead) return false;
        // Many threads look: a line of memory that nobody writes stays with all of them.
        if (!stream.recently_used.load(std::memory_order_relaxed))
            stream.recently_used.store(true, std::memory_order_relaxed);
        return true;
    }
    [[nodiscard]] static StreamRef usable(const StreamRef& stream) { return is_usable(*stream) ? stream : nullptr; }
    template <class Look>
    [[nodiscard]] static bool look_at_usable(StreamState& stream, const Look& look) {
        if (!is_usable(stream)) return false;
        look(stream);
        return true;
    }
    [[nodiscard]] StreamRow row_of(const StreamState& stream) const;
    /// Throws StorageError after a change that failed half-way: what the index does not have yet is not known any more.
    void require_whole() const;

    /// Whether it is time to, and done.
    bool forget_paths_of_gone_streams();

    StreamRef apply_record(const log::RecordView& view, log::Place place);
    void apply_chunk(const StreamRef& stream, const ChunkRef& chunk, log::Place place);
    void grow(const StreamRef& stream, Offset tail);
    StreamRef apply_created(const log::StreamCreated& record, std::uint64_t segment);
    StreamRef apply_appended(const log::MessagesAppended& record, const log::RecordView& view, log::Place place);
    StreamRef apply_closed(const log::StreamClosed& record);
    StreamRef apply_deleted(const log::StreamDeleted& record);
    StreamRef apply_truncated(const log::StreamTruncated& record);
    void apply_renewed(const StreamRef& stream, std::int64_t accessed_at_wall_ms);
    /// The commit being folded uses the stream.
    void note_access(StreamState& stream) const { note_access(stream, accessed_ms_); }
    void note_access(StreamState& stream, std::int64_t at_ms) const;
    [[nodiscard]] std::int64_t monotonic_ms(std::int64_t wall_ms) const;
    /// What a row tells of the last access, on the monotonic clock, and what it is to tell. Of a log of its own that is wall-clock
    /// time as if nobody had set that clock since the store was opened.
    [[nodiscard]] std::int64_t saved_access_ms(const StreamRow& row) const;
    [[nodiscard]] std::int64_t access_to_save_ms(const StreamState& stream) const;
    void remember_producer(StreamState& stream, std::string_view id, std::uint64_t epoch, std::uint64_t seq);
    void bury(const StreamRef& stream);
    void forget(ByIncarnation::iterator stream, Forgotten& forgotten);

    IndexDb& index_;
    const Clock& clock_;
    const Sharing sharing_;
    const std::int64_t opened_at_ms_;                      ///< on the monotonic clock
    const std::int64_t opened_at_wall_ms_;                 ///< the same moment on the other one
    std::atomic<std::int64_t> idling_from_ms_{INT64_MIN};  ///< before it nothing is idle; on the monotonic clock
    std::mutex unlogged_mutex_;                            ///< may be taken while `mutex_` is held
    std::vector<StreamRef> unlogged_;
    mutable std::shared_mutex mutex_;

    std::unordered_map<std::string_view, StreamRef> by_path_;  ///< the keys view into the states' metas
    ByIncarnation by_incarnation_;
    /// In which turn these are looked at to be forgotten; and some that are gone.
    std::deque<std::uint64_t> in_turn_;
    bool is_whole_ = true;        ///< false while something is changed, and for ever when that failed (memory ran out)
    PathFilter paths_;            ///< of all streams created since opening, and what was learned from the index
    bool paths_are_all_ = false;  ///< and that is all there are
    std::string learned_to_;      ///< used by `learn_paths` alone
    std::vector<StreamRef> dirty_;
    std::vector<StreamRef> saving_;
    std::vector<StreamRef> removed_;
    std::deque<Landmark> landmarks_;
    std::unordered_map<std::uint64_t, std::uint64_t> orphan_bytes_;
    std::size_t unsaved_records_ = 0;
    std::uint64_t unsaved_bytes_ = 0;  ///< of log, since the last checkpoint
    log::Place folded_to_;
    Position next_position_;
    std::size_t saving_landmarks_ = 0;
    std::uint64_t stream_count_ = 0;
    std::uint64_t checkpoints_ = 0;
    Incarnation next_incarnation_{1};
    log::Place last_landmark_;
    std::int64_t accessed_ms_ = 0;  ///< when the commit being folded was made, on the monotonic clock
};

}  // namespace foldback::index
