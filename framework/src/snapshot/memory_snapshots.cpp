#include <list>
#include <mutex>
#include <unordered_map>

#include "foldback/app/snapshot_store.hpp"
#include "snapshot/saved_snapshot.hpp"

namespace foldback {
namespace {

struct Saved {
    SnapshotKey key;
    Snapshot snapshot;
};

bool same(const SnapshotKey& left, const SnapshotKey& right) {
    return left.incarnation == right.incarnation && left.fingerprint == right.fingerprint;
}

}  // namespace

struct MemorySnapshots::Impl {
    SnapshotOptions options;
    mutable std::mutex mutex;
    /// Last saved first.
    std::unordered_map<StreamPath, std::list<Saved>> streams;
    SnapshotCounters counters;

    /// Gives up what the newest snapshot of the stream makes useless.
    void prune(std::list<Saved>& saved) {
        const auto before = saved.size();
        const auto newest = saved.front().key.incarnation;
        saved.remove_if([&](const Saved& one) { return one.key.incarnation < newest; });
        while (saved.size() > options.keep_per_stream) saved.pop_back();
        counters.pruned += before - saved.size();
    }
};

MemorySnapshots::MemorySnapshots(SnapshotOptions options) : impl_(std::make_unique<Impl>()) {
    impl_->options = snapshot::checked(options);
}
MemorySnapshots::~MemorySnapshots() = default;

std::optional<Snapshot> MemorySnapshots::load(const SnapshotKey& key, Offset at_most) {
    const std::lock_guard lock(impl_->mutex);
    auto& counters = impl_->counters;
    const auto stream = impl_->streams.find(key.stream);
    const Saved* best = nullptr;
    bool foreign = false;
    if (stream != impl_->streams.end()) {
        for (const auto& one : stream->second) {
            if (!same(one.key, key)) {
                foreign = true;
            } else if (one.snapshot.offset <= at_most &&
                       (best == nullptr || one.snapshot.offset > best->snapshot.offset)) {
                best = &one;
            }
        }
    }
    if (best != nullptr) {
        ++counters.hits;
        return best->snapshot;
    }
    ++counters.misses;
    if (foreign) ++counters.foreign;
    return std::nullopt;
}

void MemorySnapshots::save(const SnapshotKey& key, const Snapshot& snapshot) {
    snapshot::check(snapshot, impl_->options);
    const std::lock_guard lock(impl_->mutex);
    auto& saved = impl_->streams[key.stream];
    const auto newer_life = std::any_of(saved.begin(), saved.end(),
                                        [&](const Saved& one) { return one.key.incarnation > key.incarnation; });
    if (newer_life) return;  // of a stream that is no more
    saved.remove_if([&](const Saved& one) { return same(one.key, key) && one.snapshot.offset == snapshot.offset; });
    saved.push_front({key, snapshot});
    ++impl_->counters.saved;
    impl_->prune(saved);
}

std::size_t MemorySnapshots::forget(const StreamPath& stream) {
    const std::lock_guard lock(impl_->mutex);
    const auto found = impl_->streams.find(stream);
    if (found == impl_->streams.end()) return 0;
    const auto count = found->second.size();
    impl_->streams.erase(found);
    return count;
}

std::size_t MemorySnapshots::clear() {
    const std::lock_guard lock(impl_->mutex);
    std::size_t count = 0;
    for (const auto& [stream, saved] : impl_->streams) count += saved.size();
    impl_->streams.clear();
    return count;
}

std::vector<SnapshotInfo> MemorySnapshots::list(const StreamPath& stream) {
    const std::lock_guard lock(impl_->mutex);
    std::vector<SnapshotInfo> infos;
    const auto found = impl_->streams.find(stream);
    if (found == impl_->streams.end()) return infos;
    for (const auto& one : found->second) {
        infos.push_back({one.key, one.snapshot.offset, one.snapshot.taken_at, one.snapshot.state.size()});
    }
    return infos;
}

SnapshotCounters MemorySnapshots::counters() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->counters;
}

}  // namespace foldback
