#include "retention/state_compactor.hpp"

#include <algorithm>

#include "retention/state_rows.hpp"

namespace foldback::server {
namespace {

constexpr std::size_t page_bytes = 1 << 20;
/// One append: no reader ever meets half a snapshot.
constexpr std::uint64_t max_snapshot_bytes = 32 << 20;
constexpr std::size_t max_known_streams = 65'536;
/// Against writers who are always faster; the next pass tries again.
constexpr int max_attempts = 20;

}  // namespace

StateCompactor::Known& StateCompactor::known(const StreamInfo& info) {
    if (known_.size() >= max_known_streams && !known_.contains(info.stream.text())) known_.clear();
    auto& known = known_[info.stream.text()];
    if (known.incarnation != info.incarnation || known.counted_to < info.first) {
        known = {.incarnation = info.incarnation, .counted_to = info.first};
    }
    return known;
}

void StateCompactor::note(Known& known, const Message& message) {
    known.bytes_since += message.data.size();
    if (message.data.find("\"control\"") == std::string_view::npos) return;
    const auto read = state_message_of(message.data);
    const auto* control = read ? std::get_if<StateControl>(&*read) : nullptr;
    if (control == nullptr) return;
    if (*control == StateControl::snapshot_start) known.begun = {message.offset, message.committed_at};
    if (*control != StateControl::snapshot_end || !known.begun) return;
    known.snapshots.push_back(*known.begun);
    known.begun.reset();
    known.bytes_since = 0;
}

void StateCompactor::count(const StreamInfo& info, Known& known, std::uint64_t max_read_bytes,
                           std::uint64_t& read_bytes) {
    while (known.counted_to < info.tail.offset && read_bytes < max_read_bytes) {
        const auto page = store_.read(
            {.stream = info.stream, .from = known.counted_to, .max_bytes = page_bytes, .renews_ttl = false});
        if (!page || page->incarnation != info.incarnation || page->runs.empty()) return;
        for (const auto& message : *page) note(known, message);
        read_bytes += page->payload_bytes();
        known.counted_to = page->next.offset;
    }
}

void StateCompactor::leave_alone(const StreamInfo& info, Known& known, const std::string& why) {
    known.is_left_alone = true;
    if (left_alone_) left_alone_(info.stream, why);
}

bool StateCompactor::fold(const StreamInfo& info, Known& known, StateRows& rows, ReadFrom& from,
                          std::uint64_t& read_bytes) {
    for (bool more = true; more;) {
        const auto page =
            store_.read({.stream = info.stream, .from = from, .max_bytes = page_bytes, .renews_ttl = false});
        if (!page || page->incarnation != info.incarnation || page->closed) return false;
        for (const auto& message : *page) {
            if (rows.apply(message.data)) continue;
            leave_alone(info, known, "it has messages that are not of the State protocol");
            return false;
        }
        if (rows.bytes() > max_snapshot_bytes) {
            leave_alone(info, known, "its rows exceed 32 MiB");
            return false;
        }
        read_bytes += page->payload_bytes();
        from = page->next;
        more = !page->up_to_date;
    }
    return true;
}

/// Folds from the newest snapshot, which holds all rows of its moment, to the tail, and appends the result there.
void StateCompactor::snapshot(const StreamInfo& info, Known& known, std::uint64_t& read_bytes) {
    StateRows rows;
    ReadFrom from = known.snapshots.empty() ? info.first : known.snapshots.back().start;
    for (int attempt = 0; attempt < max_attempts; ++attempt) {
        if (!fold(info, known, rows, from, read_bytes)) return;
        known.row_bytes = rows.bytes();
        const auto messages = rows.snapshot();
        const auto appended = store_.append({.stream = info.stream,
                                             .messages = Messages::trusted_json(messages),
                                             .expected_point = std::get<StreamPoint>(from)});
        // Somebody else was faster: what they wrote belongs in the snapshot.
        if (appended || appended.error().reason != Refusal::offset_mismatch) return;
    }
}

Offset StateCompactor::compact(const StreamInfo& info, const StateRetention& rule, std::uint64_t max_read_bytes,
                               std::uint64_t& read_bytes) {
    auto& known = this->known(info);
    if (known.is_left_alone) return info.first;
    count(info, known, max_read_bytes, read_bytes);
    if (known.counted_to < info.tail.offset) return info.first;
    // A snapshot that is larger than what it replaces saves nothing.
    if (!info.closed && known.bytes_since > std::max(rule.from_bytes, known.row_bytes)) {
        snapshot(info, known, read_bytes);
    }
    const auto old = clock_.now() - rule.keep_offsets;
    auto first = info.first;
    while (!known.snapshots.empty() && known.snapshots.front().committed_at <= old) {
        first = std::max(first, known.snapshots.front().start);
        // The newest stays known: it is where the next fold begins.
        if (known.snapshots.size() == 1) break;
        known.snapshots.pop_front();
    }
    return first;
}

}  // namespace foldback::server
