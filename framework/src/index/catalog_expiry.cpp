#include <algorithm>
#include <mutex>

#include "index/catalog.hpp"
#include "index/expiry.hpp"

/// When streams are over, and who knows that they were used.
namespace foldback::index {
namespace {

void raise(std::atomic<std::int64_t>& value, std::int64_t to) {
    auto seen = value.load();
    while (seen < to && !value.compare_exchange_weak(seen, to)) {
    }
}

}  // namespace

bool Catalog::expired(const StreamState& stream) const {
    const auto& config = stream.meta->config;
    if (config.expires_at && clock_.now() >= *config.expires_at) return true;
    if (!config.ttl || stream.keepers.load() > 0) return false;
    const auto now_ms = clock_.monotonic().count();
    if (now_ms < idling_from_ms_.load(std::memory_order_relaxed)) return false;
    return now_ms - stream.last_access_ms.load(std::memory_order_relaxed) >= config.ttl->count() * 1000;
}

void Catalog::touch(const StreamRef& stream) {
    if (!stream->meta->config.ttl) return;
    stream->last_access_ms.store(clock_.monotonic().count());
    stream->touched.store(true, std::memory_order_relaxed);
    await_renewal(stream);
}

void Catalog::await_renewal(const StreamRef& stream) {
    // After the access was noted: whoever ends the waiting looks at it afterwards.
    if (sharing_ == Sharing::alone || stream->awaits_renewal) return;
    const std::lock_guard lock(unlogged_mutex_);
    if (stream->awaits_renewal) return;
    unlogged_.push_back(stream);  // first: it may fail
    stream->awaits_renewal = true;
}

std::vector<StreamRef> Catalog::take_unlogged() {
    const std::lock_guard lock(unlogged_mutex_);
    return std::exchange(unlogged_, {});
}

std::int64_t Catalog::known_deadline_ms(const StreamState& stream) {
    return stream.logged_access_ms.load() + stream.meta->config.ttl->count() * 1000;
}

std::int64_t Catalog::used_at_ms(const StreamState& stream) const {
    return stream.keepers.load() > 0 ? clock_.monotonic().count() : stream.last_access_ms.load();
}

Timestamp Catalog::wall_time(std::int64_t monotonic_ms) const {
    return clock_.now() - std::chrono::milliseconds(clock_.monotonic().count() - monotonic_ms);
}

/// What another node's clock says is to come is now.
std::int64_t Catalog::monotonic_ms(std::int64_t wall_ms) const {
    return clock_.monotonic().count() - std::max<std::int64_t>(clock_.now().time_since_epoch().count() - wall_ms, 0);
}

std::int64_t Catalog::access_to_save_ms(const StreamState& stream) const {
    if (sharing_ == Sharing::among_nodes) return wall_time(stream.logged_access_ms).time_since_epoch().count();
    return opened_at_wall_ms_ + (used_at_ms(stream) - opened_at_ms_);
}

std::int64_t Catalog::saved_access_ms(const StreamRow& row) const {
    if (sharing_ == Sharing::among_nodes) return monotonic_ms(row.last_access_wall_ms);
    const auto accessed_ms = opened_at_ms_ + (row.last_access_wall_ms - opened_at_wall_ms_);
    // What is to come was told before the store was opened, by a clock that was ahead.
    return accessed_ms <= clock_.monotonic().count() ? accessed_ms : opened_at_ms_;
}

void Catalog::note_access(StreamState& stream, std::int64_t at_ms) const {
    if (sharing_ == Sharing::alone) {
        stream.last_access_ms.store(at_ms, std::memory_order_relaxed);
        return;
    }
    raise(stream.logged_access_ms, at_ms);
    // Time during which the store was closed does not count here, though it may for nodes that ran.
    raise(stream.last_access_ms, std::max(at_ms, opened_at_ms_));
}

void Catalog::apply_renewed(const StreamRef& stream, std::int64_t accessed_at_wall_ms) {
    note_access(*stream, sharing_ == Sharing::alone ? accessed_ms_ : monotonic_ms(accessed_at_wall_ms));
    mark_dirty(stream);
}

bool Catalog::holds_idling() const {
    return clock_.monotonic().count() < idling_from_ms_.load(std::memory_order_relaxed);
}

void Catalog::end_hold() {
    auto held = INT64_MAX;
    idling_from_ms_.compare_exchange_strong(held, (clock_.monotonic() + grace_after_outage).count());
}

}  // namespace foldback::index
