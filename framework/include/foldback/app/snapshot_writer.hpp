#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "foldback/app/snapshot_store.hpp"

namespace foldback {

/// When an append is followed by a snapshot. Nothing set: never; then snapshots are taken on demand only.
struct SnapshotPolicy {
    /// When this many events or more were folded since the newest snapshot. 0: not for that reason.
    std::uint64_t every_events = 0;
    /// When the newest snapshot is this old, or there is none. By the repository's clock.
    std::optional<std::chrono::milliseconds> every{};

    /// Whether a fold of `offset` events, the newest snapshot of which is so old, is to be kept.
    [[nodiscard]] bool is_due(Offset offset, Offset snapshot_offset, std::optional<Timestamp> taken_at,
                              Timestamp now) const noexcept {
        if (offset <= snapshot_offset) return false;
        if (every_events > 0 && offset.value - snapshot_offset.value >= every_events) return true;
        return every && (!taken_at || now - *taken_at >= *every);
    }
    [[nodiscard]] bool is_never() const noexcept { return every_events == 0 && !every; }
};

/// Who encodes and saves the snapshots of a policy. Never the thread that appends.
enum class SnapshotThread : std::uint8_t {
    own,     ///< a thread that begins with the first snapshot and ends with `stop`
    caller,  ///< whoever calls `write_waiting`
};

/// What became of the snapshots that were offered.
struct SnapshotWriterCounters {
    std::uint64_t saved = 0;
    std::uint64_t failed = 0;   ///< could not be encoded or saved
    std::uint64_t dropped = 0;  ///< superseded by a later one of the same stream, too many waiting, or stopped
};

/// Saves snapshots behind the back of those who append. What waits is bounded: one for each stream, and `max_waiting` in all.
/// Any thread may call any member.
class SnapshotWriter {
public:
    static constexpr std::size_t max_waiting = 64;

    /// `store` must outlive the writer.
    SnapshotWriter(SnapshotStore& store, SnapshotThread thread);
    SnapshotWriter(const SnapshotWriter&) = delete;
    SnapshotWriter& operator=(const SnapshotWriter&) = delete;
    /// Stops.
    ~SnapshotWriter();

    /// Hands over a snapshot to be taken by `encode`, which yields the state and is called later, from another thread. Does
    /// not wait and does not fail.
    void offer(SnapshotKey key, Offset offset, Timestamp taken_at, std::function<std::string()> encode);

    /// Saves what waits, on the calling thread; how many were saved.
    std::size_t write_waiting();

    /// Returns when everything that was offered before is saved, failed or dropped. With SnapshotThread::caller it saves it.
    void wait();

    /// Gives up what waits, ends the thread (after the snapshot that it is saving) and drops everything offered later.
    void stop();

    [[nodiscard]] SnapshotWriterCounters counters() const;
    /// Why the last one failed; empty when none did.
    [[nodiscard]] std::string last_failure() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace foldback
