#include "store/maintenance.hpp"

#include "store/queued.hpp"

namespace foldback {
namespace {

/// Streams and records changed that make a checkpoint due, whatever their size: they are held in memory until then.
constexpr std::size_t checkpoint_items = 65'536;
/// Streams looked at to be forgotten, while all others wait: a fraction of a millisecond.
constexpr std::size_t turns_at_once = 512;
/// Expired streams looked for in the index at a time.
constexpr std::size_t expire_batch = 4096;
/// Of a deletion, by a full disk or a broken store. Where nothing is done in the background, time must go on before it is tried again.
constexpr std::chrono::milliseconds pause_after_refusal{100};

}  // namespace

bool Maintenance::checkpoint_is_due() const {
    if (deadlines_are_stale_) return true;
    const std::shared_lock lock(catalog_.mutex());
    return catalog_.unsaved_bytes() >= options_.checkpoint_bytes || catalog_.unsaved_items() >= checkpoint_items;
}

bool Maintenance::checkpoint() {
    deadlines_are_stale_ = false;
    index::Checkpoint checkpoint;
    {
        const std::unique_lock lock(catalog_.mutex());
        if (catalog_.unsaved_items() == 0 && catalog_.unsaved_bytes() == 0) return false;
        checkpoint = catalog_.begin_checkpoint();
    }
    try {
        checkpoint.covered_epoch = log_.segment(checkpoint.covered.segment)->header().epoch;
        index_.save(checkpoint, [&](std::uint64_t segment) { return log_.segment(segment)->header().generation; });
    } catch (...) {
        const std::unique_lock lock(catalog_.mutex());
        catalog_.abandon_checkpoint(checkpoint);
        throw;
    }
    {
        index::Catalog::Forgotten forgotten;
        const std::unique_lock lock(catalog_.mutex());
        forgotten = catalog_.end_checkpoint(checkpoint);
    }
    forget_unused();
    return true;
}

bool Maintenance::forget_unused() {
    bool some = false;
    // Who was used since its last turn is spared: whoever can be forgotten is after two rounds.
    for (std::size_t looked_at = 0;; looked_at += turns_at_once) {
        index::Catalog::Forgotten forgotten;
        const std::unique_lock lock(catalog_.mutex());
        if (catalog_.saved_streams() <= options_.max_resident_streams || looked_at >= 2 * catalog_.turns()) return some;
        forgotten = catalog_.evict(options_.max_resident_streams, turns_at_once);
        some |= !forgotten.empty();
    }
}

void Maintenance::delete_expired(const StreamPath& path) {
    writer_.submit(queued<std::monostate>(ExpireRequest{path}, [this](const Result<std::monostate>& outcome) {
        if (!outcome) expires_from_ms_ = (options_.clock->monotonic() + pause_after_refusal).count();
    }));
}

std::size_t Maintenance::expire() {
    if (options_.clock->monotonic().count() < expires_from_ms_ || catalog_.holds_idling()) return 0;
    return expire_changed() + expire_indexed();
}

std::size_t Maintenance::expire_changed() {
    std::vector<StreamPath> over;
    {
        const std::shared_lock lock(catalog_.mutex());
        for (const auto& stream : catalog_.dirty_streams()) {
            const auto& config = stream->meta->config;
            if (!config.ttl && !config.expires_at) continue;
            if (stream->life == index::Life::live && catalog_.expired(*stream)) over.push_back(stream->meta->path);
        }
    }
    for (const auto& path : over) delete_expired(path);
    return over.size();
}

std::size_t Maintenance::expire_indexed() {
    std::size_t count = 0;
    const auto due = index_.due(options_.clock->now().time_since_epoch().count(), expire_batch);
    for (const auto incarnation : due) {
        const auto stream = catalog_.find(incarnation);
        if (!stream) continue;
        bool over = false;
        {
            const std::unique_lock lock(catalog_.mutex());
            if (stream->life != index::Life::live || stream->dirty) continue;
            over = catalog_.expired(*stream);
            // Used since its row was written: the next checkpoint tells the index its new deadline.
            if (!over) catalog_.mark_dirty(stream);
        }
        if (!over) continue;
        delete_expired(stream->meta->path);
        ++count;
    }
    if (count == 0 && due.size() == expire_batch) deadlines_are_stale_ = true;
    return count;
}

bool Maintenance::rewrite() {
    const auto covered = index_.head().covered;
    std::optional<index::SegmentUse> worst;
    const auto share = [](const index::SegmentUse& use) {
        return static_cast<double>(use.dead_bytes) / static_cast<double>(use.bytes);
    };
    for (const auto& use : index_.segments()) {
        if (use.number >= covered.segment || use.bytes == 0 || share(use) <= options_.rewrite_dead_fraction) continue;
        if (failed_.contains(use.number)) continue;
        if (!worst || share(use) > share(*worst)) worst = use;
    }
    if (!worst) {
        failed_.clear();  // they are tried again the next time
        return false;
    }
    try {
        const auto bytes = rewriter_.rewrite(worst->number, pace);
        if (bytes == 0) return false;
        ++segments_rewritten_;
        reclaimed_bytes_ += bytes;
    } catch (const DeviceError& error) {
        if (error.is_full()) return false;  // no room for the new generation now
        failed_.insert(worst->number);
        throw StorageError(error.what());
    } catch (const StorageError&) {
        failed_.insert(worst->number);
        throw;
    }
    return true;
}

}  // namespace foldback
