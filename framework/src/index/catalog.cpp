#include "index/catalog.hpp"

#include <algorithm>
#include <mutex>

namespace foldback::index {
namespace {

/// Records a stream keeps in memory after the index has them, so that reads at its tail need no query.
constexpr std::size_t kept_chunks = 4;
/// Paths learned from the index at a time: some milliseconds.
constexpr std::size_t paths_at_once = 10'000;
/// Paths of streams that are gone, beyond as many as there are streams, for which learning anew does not pay.
constexpr std::size_t spared_paths = 100'000;
/// The same of the turns of streams that are gone.
constexpr std::size_t spared_turns = 10'000;

}  // namespace

StreamRef Catalog::find(const std::string& path, const std::function<void(const StreamState&)>& look) {
    const auto found_there = [&](const StreamRef& stream) {
        auto found = usable(stream);
        if (found) look(*found);
        return found;
    };
    while (true) {
        std::uint64_t seen = 0;
        {
            const std::shared_lock lock(mutex_);
            if (const auto found = by_path_.find(path); found != by_path_.end()) return found_there(found->second);
            if (paths_are_all_ && !paths_.may_hold(path)) return nullptr;
            seen = checkpoints_;
        }
        auto row = index_.find(path);
        const std::unique_lock lock(mutex_);
        // Between the two looks a checkpoint may have ended, and what the index said be out of date.
        if (seen != checkpoints_) continue;
        if (row) (void)adopt(std::move(*row));
        const auto found = by_path_.find(path);
        return found == by_path_.end() ? nullptr : found_there(found->second);
    }
}

StreamRef Catalog::find(Incarnation incarnation) {
    while (true) {
        std::uint64_t seen = 0;
        {
            const std::shared_lock lock(mutex_);
            const auto found = by_incarnation_.find(incarnation.value);
            if (found != by_incarnation_.end()) return usable(found->second);
            seen = checkpoints_;
        }
        auto row = index_.find(incarnation);
        if (!row) return nullptr;
        const std::unique_lock lock(mutex_);
        if (seen == checkpoints_) return usable(adopt(std::move(*row)));
    }
}

bool Catalog::learn_paths() {
    if (paths_are_all_ && !forget_paths_of_gone_streams()) return false;
    // In the order of paths, so that a row that stays is met, whatever is saved meanwhile. A row that comes is a stream
    // whose creation was folded, and so its path is there already.
    const auto paths = index_.paths(learned_to_, paths_at_once);
    const std::unique_lock lock(mutex_);
    for (const auto& path : paths) paths_.add(path);
    paths_are_all_ = paths.size() < paths_at_once;
    if (!paths.empty()) learned_to_ = paths.back();
    return !paths_are_all_;
}

bool Catalog::forget_paths_of_gone_streams() {
    const std::unique_lock lock(mutex_);
    if (paths_.added() <= 2 * stream_count_ + spared_paths) return false;
    // A stream is in memory or in the index, or in both: those in memory now, the others from the index as at opening.
    PathFilter fresh;
    for (const auto& [path, stream] : by_path_) fresh.add(path);
    paths_ = std::move(fresh);
    paths_are_all_ = false;
    learned_to_.clear();
    return true;
}

std::optional<std::uint64_t> Catalog::creation_of_dead(Incarnation incarnation) const {
    const std::shared_lock lock(mutex_);
    const auto found = by_incarnation_.find(incarnation.value);
    if (found == by_incarnation_.end() || found->second->life != Life::dead) return std::nullopt;
    return found->second->meta->created_in_segment;
}

std::optional<ProducerState> Catalog::find_producer(const StreamRef& stream, const std::string& id) {
    {
        const std::shared_lock lock(mutex_);
        if (const auto found = stream->producers.find(id); found != stream->producers.end()) return found->second;
        if (!stream->in_index || stream->producers.size() >= stream->producer_count) return std::nullopt;
    }
    auto state = index_.find_producer(stream->meta->incarnation, id);
    if (state) {
        const std::unique_lock lock(mutex_);
        stream->producers.emplace(id, *state);
    }
    return state;
}

StreamRef Catalog::adopt(StreamRow row) {
    // Without recursion: how many forks of forks there are is not up to the store.
    std::vector<StreamRow> rows;
    rows.push_back(std::move(row));
    const auto is_here = [this](Incarnation incarnation) { return by_incarnation_.contains(incarnation.value); };
    for (auto meta = rows.back().meta; !is_here(meta->incarnation) && meta->is_fork() && !is_here(meta->source);) {
        auto source = index_.find(meta->source);
        if (!source) throw StorageError("the source of fork '" + meta->path.text() + "' is missing from the index");
        meta = source->meta;
        rows.push_back(*std::move(source));
    }
    for (; rows.size() > 1; rows.pop_back()) adopt_one(std::move(rows.back()));
    return adopt_one(std::move(rows.front()));
}

StreamRef Catalog::adopt_one(StreamRow row) {
    const auto incarnation = row.meta->incarnation;
    if (const auto found = by_incarnation_.find(incarnation.value); found != by_incarnation_.end())
        return found->second;
    auto meta = std::make_shared<StreamMeta>(*row.meta);
    if (meta->is_fork()) {
        const auto& source = *by_incarnation_.at(meta->source.value)->meta;
        meta->ancestors = source.ancestors.of_fork(source.incarnation, meta->fork_offset);
    }
    auto stream = std::make_shared<StreamState>(meta);
    stream->tail = row.tail;
    stream->first = row.first;
    stream->closed = row.closed;
    stream->life = row.soft_deleted ? Life::soft_deleted : Life::live;
    stream->forks = row.forks;
    stream->closed_by = std::move(row.closed_by);
    stream->stream_seq = std::move(row.stream_seq);
    stream->producer_count = row.producer_count;
    stream->in_index = true;
    // Time during which the store was closed does not count: a read that was not yet saved may have renewed it.
    stream->logged_access_ms = saved_access_ms(row);
    stream->last_access_ms = std::max(opened_at_ms_, stream->logged_access_ms.load());
    in_turn_.push_back(incarnation.value);
    by_incarnation_.emplace(incarnation.value, stream);
    name(stream);
    return stream;
}

void Catalog::name(const StreamRef& stream) {
    const std::string_view path = stream->meta->path.text();
    const auto [place, fresh] = by_path_.try_emplace(path, stream);
    // Of two that have the path the newer one is alive, or died last.
    if (fresh || place->second->meta->incarnation > stream->meta->incarnation) return;
    by_path_.erase(place);  // its key views into the older one's meta
    by_path_.emplace(path, stream);
}

StreamRef Catalog::folded(Incarnation incarnation) {
    if (const auto found = by_incarnation_.find(incarnation.value); found != by_incarnation_.end())
        return found->second;
    auto row = index_.find(incarnation);
    return row ? adopt(std::move(*row)) : nullptr;
}

void Catalog::mark_dirty(const StreamRef& stream) {
    if (stream->dirty) return;
    dirty_.push_back(stream);
    stream->dirty = true;
}

StreamRow Catalog::row_of(const StreamState& stream) const {
    StreamRow row;
    row.meta = stream.meta;
    row.tail = stream.tail;
    row.first = stream.first;
    row.closed = stream.closed;
    row.soft_deleted = stream.life == Life::soft_deleted;
    row.forks = stream.forks;
    row.closed_by = stream.closed_by;
    row.stream_seq = stream.stream_seq;
    row.producer_count = stream.producer_count;
    row.idle_since_wall_ms = wall_time(used_at_ms(stream)).time_since_epoch().count();
    row.last_access_wall_ms = access_to_save_ms(stream);
    for (const auto& id : stream.unsaved_producers) row.unsaved_producers.emplace_back(id, stream.producers.at(id));
    row.unsaved_chunks.assign(stream.chunks.begin() + static_cast<std::ptrdiff_t>(stream.saved_chunks),
                              stream.chunks.end());
    return row;
}

void Catalog::require_whole() const {
    if (!is_whole_) throw StorageError("the catalog was left in the middle of a change; the store must be reopened");
}

Checkpoint Catalog::begin_checkpoint() {
    require_whole();
    Checkpoint checkpoint{.covered = folded_to_,
                          .covered_epoch = 0,
                          .next_position = next_position_,
                          .next_incarnation = next_incarnation_,
                          .changed = {},
                          .removed = {},
                          .landmarks = {landmarks_.begin(), landmarks_.end()},
                          .orphan_bytes = orphan_bytes_};
    std::vector<StreamRef> saving;
    saving.reserve(dirty_.size());
    checkpoint.changed.reserve(dirty_.size());
    for (const auto& stream : dirty_) {
        if (stream->life == Life::dead) continue;
        saving.push_back(stream);
        checkpoint.changed.push_back(row_of(*stream));
        checkpoint.changed.back().was_in_index = stream->in_index;
    }
    for (const auto& stream : removed_) {
        checkpoint.removed.push_back(
            {.incarnation = stream->meta->incarnation,
             .created_in_segment = stream->meta->created_in_segment,
             .unsaved_chunks = {stream->chunks.begin() + static_cast<std::ptrdiff_t>(stream->saved_chunks),
                                stream->chunks.end()}});
    }
    // All that can fail, for lack of memory, lies above: what is forgotten here is in the checkpoint.
    for (const auto& stream : std::exchange(dirty_, {})) stream->dirty = false;
    for (const auto& stream : saving) {
        for (const auto& id : stream->unsaved_producers) stream->producers.find(id)->second.unsaved = false;
        stream->unsaved_producers.clear();
        stream->saved_chunks = stream->chunks.size();
        stream->in_index = true;
        stream->touched.store(false, std::memory_order_relaxed);
    }
    saving_ = std::move(saving);
    saving_landmarks_ = landmarks_.size();
    removed_ = std::vector<StreamRef>();
    orphan_bytes_.clear();
    unsaved_records_ = 0;
    unsaved_bytes_ = 0;
    return checkpoint;
}

void Catalog::abandon_checkpoint(const Checkpoint& checkpoint) {
    is_whole_ = false;
    for (const auto& row : checkpoint.changed) {
        const auto& stream = by_incarnation_.at(row.meta->incarnation.value);
        stream->saved_chunks -= row.unsaved_chunks.size();
        stream->in_index = row.was_in_index;
        for (const auto& [id, state] : row.unsaved_producers) {
            auto& producer = stream->producers.at(id);
            if (!producer.unsaved) stream->unsaved_producers.push_back(id);
            producer.unsaved = true;
        }
        mark_dirty(stream);
        unsaved_records_ += row.unsaved_chunks.size();
    }
    for (const auto& removal : checkpoint.removed) removed_.push_back(by_incarnation_.at(removal.incarnation.value));
    for (const auto& [segment, bytes] : checkpoint.orphan_bytes) orphan_bytes_[segment] += bytes;
    saving_landmarks_ = 0;
    saving_.clear();
    is_whole_ = true;
}

Catalog::Forgotten Catalog::end_checkpoint(const Checkpoint& checkpoint) {
    Forgotten forgotten;
    forgotten.reserve(checkpoint.removed.size());
    is_whole_ = false;
    for (const auto& stream : saving_) {
        if (stream->saved_chunks > kept_chunks) {
            const auto drop = stream->saved_chunks - kept_chunks;
            stream->chunks.erase(stream->chunks.begin(), stream->chunks.begin() + static_cast<std::ptrdiff_t>(drop));
            stream->saved_chunks -= drop;
            stream->chunks.shrink_to_fit();
        }
        if (stream->producers.size() > 64 && stream->unsaved_producers.empty()) stream->producers.clear();
    }
    saving_.clear();
    for (const auto& removal : checkpoint.removed) {
        const auto found = by_incarnation_.find(removal.incarnation.value);
        if (found != by_incarnation_.end()) forget(found, forgotten);
    }
    landmarks_.erase(landmarks_.begin(), landmarks_.begin() + static_cast<std::ptrdiff_t>(saving_landmarks_));
    saving_landmarks_ = 0;
    ++checkpoints_;
    if (in_turn_.size() > 2 * by_incarnation_.size() + spared_turns)
        std::erase_if(in_turn_, [&](std::uint64_t incarnation) { return !by_incarnation_.contains(incarnation); });
    is_whole_ = true;
    return forgotten;
}

Catalog::Forgotten Catalog::evict(std::size_t max_saved, std::size_t turns) {
    Forgotten forgotten;
    for (; turns > 0 && !in_turn_.empty() && saved_streams() > max_saved; --turns) {
        const auto found = by_incarnation_.find(in_turn_.front());
        if (found != by_incarnation_.end()) {
            const auto& stream = found->second;
            const bool in_use = stream.use_count() > 2;  // by_incarnation_ and by_path_
            const bool spared = stream->recently_used.exchange(false, std::memory_order_relaxed);
            if (stream->touched.load(std::memory_order_relaxed)) mark_dirty(stream);
            if (in_use || spared || stream->dirty || stream->life == Life::dead || !stream->in_index) {
                in_turn_.push_back(in_turn_.front());
            } else {
                forget(found, forgotten);
            }
        }
        in_turn_.pop_front();
    }
    return forgotten;
}

void Catalog::forget(ByIncarnation::iterator stream, Forgotten& forgotten) {
    forgotten.push_back(stream->second);
    const auto named = by_path_.find(stream->second->meta->path.text());
    if (named != by_path_.end() && named->second == stream->second) by_path_.erase(named);
    by_incarnation_.erase(stream);
}

void Catalog::forget_records_in(std::uint64_t segment) {
    for (auto& [incarnation, stream] : by_incarnation_) {
        // Reads expect `chunks` to reach to the tail without a gap: what precedes the segment goes with it.
        auto keep_from = std::size_t{0};
        for (std::size_t at = 0; at < stream->saved_chunks; ++at) {
            if (stream->chunks[at].segment == segment) keep_from = at + 1;
        }
        if (keep_from == 0) continue;
        stream->chunks.erase(stream->chunks.begin(), stream->chunks.begin() + static_cast<std::ptrdiff_t>(keep_from));
        stream->saved_chunks -= keep_from;
    }
}

}  // namespace foldback::index
