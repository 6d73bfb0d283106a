#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <set>

#include "foldback/store/log_store.hpp"
#include "index/catalog.hpp"
#include "log/log.hpp"
#include "store/rewriter.hpp"
#include "store/writer.hpp"

namespace foldback {

/// The work that nobody waits for: expiry, index checkpoints, rewriting of segments. One thread at a time.
class Maintenance {
public:
    Maintenance(index::Catalog& catalog, index::IndexDb& index, log::Log& log, Writer& writer,
                const LogStoreOptions& options)
        : catalog_(catalog),
          index_(index),
          log_(log),
          writer_(writer),
          options_(options),
          rewriter_(catalog, index, log) {}

    /// Queues the deletion of streams whose time is over; returns how many. None shortly after one was refused.
    std::size_t expire();

    /// Whether enough has changed since the last checkpoint.
    [[nodiscard]] bool checkpoint_is_due() const;
    /// False when there was nothing to save. Throws StorageError when the index cannot be written: then all of it will
    /// be in the next one.
    bool checkpoint();
    /// Forgets streams that reads have brought into memory, beyond the limit; false when there is nothing to forget.
    bool forget_unused();

    /// Rewrites the segment with the greatest share of dead bytes, if that is due; false when none is.
    bool rewrite();

    /// Waits so long that the rewriting keeps to its bound of I/O; returns false to give it up. Set by whoever runs the
    /// threads.
    std::function<bool(std::uint64_t bytes)> pace = [](std::uint64_t) { return true; };

    [[nodiscard]] std::uint64_t segments_rewritten() const noexcept { return segments_rewritten_.load(); }
    [[nodiscard]] std::uint64_t reclaimed_bytes() const noexcept { return reclaimed_bytes_.load(); }

private:
    std::size_t expire_changed();
    std::size_t expire_indexed();
    void delete_expired(const StreamPath& path);

    index::Catalog& catalog_;
    index::IndexDb& index_;
    log::Log& log_;
    Writer& writer_;
    const LogStoreOptions& options_;
    Rewriter rewriter_;
    std::set<std::uint64_t> failed_;                        ///< segments that could not be rewritten: after all others
    std::atomic<std::int64_t> expires_from_ms_{INT64_MIN};  ///< on the monotonic clock
    std::atomic<bool> deadlines_are_stale_{false};  ///< those in the index hide later ones, until the next checkpoint
    std::atomic<std::uint64_t> segments_rewritten_{0};
    std::atomic<std::uint64_t> reclaimed_bytes_{0};
};

}  // namespace foldback
