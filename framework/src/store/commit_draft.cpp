#include "store/commit_draft.hpp"

#include <mutex>

#include "log/record_fields.hpp"

namespace foldback {
namespace {

/// Of a renewal: header, fixed fields, one tagged number, padding.
constexpr std::size_t renewal_bytes = 64;
/// Bytes of a record beyond its payload and sizes: header, fixed fields, padding, tags.
constexpr std::size_t record_overhead = 160;

std::size_t bound_of(const Messages& messages) {
    const auto payload = messages.joined().size();
    // A record ends where the next message would make it too large, so two neighbours hold more than one record may.
    const auto records = 2 * (payload / max_record_payload) + 2;
    return payload + messages.count() * log::varint_size(payload) + records * record_overhead;
}

}  // namespace

std::size_t CommitDraft::bound(const CreateRequest& request) {
    return 1024 + request.stream.text().size() * 2 +
           std::max(request.config.content_type.size(), max_content_type_bytes) + bound_of(request.initial);
}

std::size_t CommitDraft::bound(const AppendRequest& request) {
    return 1024 + request.stream.text().size() + bound_of(request.messages) +
           (request.producer ? request.producer->id.size() : 0) +
           (request.stream_seq ? request.stream_seq->size() : 0) +
           (request.create_with ? request.create_with->content_type.size() + 512 : 0);
}

std::size_t CommitDraft::bound(const std::vector<AppendRequest>& requests) {
    std::size_t total = 0;
    for (const auto& request : requests) total += bound(request);
    return total;
}

std::size_t CommitDraft::bound(const RenewRequest& request) {
    // Each may find its stream over, and record the deletion instead, which is smaller.
    return 256 + (request.renewals ? request.renewals->size() * renewal_bytes : 0);
}

void CommitDraft::begin(Position first_position, std::span<std::byte> room) {
    if (room.empty()) {
        commit_.clear();
    } else {
        commit_.begin_in(room);
    }
    plain_appends_.clear();
    not_found_.reset();
    streams_.reset();
    stream_memory_.release();
    streams_.emplace(&stream_memory_);
    not_found_.emplace(&stream_memory_);
    first_position_ = first_position;
    timestamp_ = clock_.now();
    const std::shared_lock lock(catalog_.mutex());
    next_incarnation_ = catalog_.next_incarnation();
}

CommitDraft::Stream& CommitDraft::stream(const StreamPath& path) {
    Stream* here = nullptr;
    auto found = catalog_.find(path.text(), [this, &here](const index::StreamState& state) {
        here = already_here(state);
        if (here != nullptr) return;
        here = &streams_->emplace_back();
        load(*here, state);
    });
    if (!found) {
        auto& absent = (*not_found_)[path.text()];
        if (absent == nullptr) absent = &streams_->emplace_back();
        return *absent;
    }
    if (!here->found) {
        found->place_in_draft = static_cast<std::uint32_t>(streams_->size() - 1);
        here->found = std::move(found);
    }
    return *here;
}

CommitDraft::Stream& CommitDraft::named(const StreamPath& path) {
    auto& target = stream(path);
    if (catalog_.sharing() == index::Sharing::among_nodes && target.is_known() && target.expired)
        record_deleted(target, log::DeleteReason::expired);
    return target;
}

CommitDraft::Stream* CommitDraft::already_here(const index::StreamState& state) {
    auto& streams = *streams_;
    const auto place = state.place_in_draft;
    return place < streams.size() && streams[place].found.get() == &state ? &streams[place] : nullptr;
}

void CommitDraft::load(Stream& stream, const index::StreamState& state) const {
    stream.meta = state.meta.get();
    stream.life = state.life;
    stream.expired = state.life == index::Life::live && catalog_.expired(state);
    stream.tail = state.tail;
    stream.first = state.first;
    stream.closed = state.closed;
    stream.forks = state.forks;
    stream.closed_by = state.closed_by;
    stream.stream_seq = state.stream_seq;
    stream.producer_count = state.producer_count;
}

std::optional<index::ProducerState> CommitDraft::producer_of(Stream& stream, const std::string& id) {
    if (const auto known = stream.producers.find(id); known != stream.producers.end()) return known->second;
    return stream.is_known() ? catalog_.find_producer(stream.found, id) : std::nullopt;
}

Refused CommitDraft::refuse(Refusal reason, std::string detail, const Stream* stream) {
    Refused refused{.reason = reason, .detail = std::move(detail)};
    if (stream != nullptr && stream->meta) {
        refused.tail = stream->meta->point(stream->tail);
        refused.first = stream->first;
        refused.closed = stream->closed;
    }
    return refused;
}

Refused CommitDraft::refuse_too_large() const {
    return refuse(Refusal::bad_request,
                  "one write may hold at most " + std::to_string(options_.max_append_bytes) + " bytes of messages");
}

Refused CommitDraft::refuse_missing(const Stream& stream, const StreamPath& path) {
    const bool held_by_forks = stream.exists() && (stream.life == index::Life::soft_deleted || stream.forks > 0);
    if (held_by_forks)
        return refuse(Refusal::gone, "stream '" + path.text() + "' is deleted; forks still read its data");
    return refuse(Refusal::not_found, "there is no stream '" + path.text() + "'");
}

Result<std::monostate> CommitDraft::decide(const RemoveRequest& request) {
    auto& target = named(request.stream);
    if (!target.usable()) return refuse_missing(target, request.stream);
    record_deleted(target, log::DeleteReason::requested);
    return std::monostate{};
}

Result<std::monostate> CommitDraft::decide(const ExpireRequest& request) {
    auto& target = named(request.stream);
    if (target.exists() && target.life == index::Life::live && target.expired) {
        record_deleted(target, log::DeleteReason::expired);
    }
    return std::monostate{};
}

Result<std::monostate> CommitDraft::decide(const RenewRequest& request) {
    if (!request.renewals) return std::monostate{};
    for (const auto& [used, used_at_ms] : *request.renewals) {
        auto& target = named(used->meta->path);
        const bool is_same = target.is_known() && target.meta->incarnation == used->meta->incarnation;
        if (!is_same || !target.usable() || target.renewed || used_at_ms <= target.found->logged_access_ms) continue;
        commit_.add(log::StreamRenewed{.incarnation = target.meta->incarnation,
                                       .framing = target.meta->framing,
                                       .tail = target.tail,
                                       .next_position = {first_position_.value + commit_.messages()},
                                       .accessed_at_ms = catalog_.wall_time(used_at_ms).time_since_epoch().count()});
        target.renewed = true;
    }
    return std::monostate{};
}

Result<Offset> CommitDraft::decide(const TruncateRequest& request) {
    auto& target = named(request.stream);
    if (!target.usable()) return refuse_missing(target, request.stream);
    if (request.before > target.tail) {
        return refuse(Refusal::bad_offset, "the offset to truncate before lies beyond the stream's tail", &target);
    }
    if (request.before > target.first) {
        commit_.add(log::StreamTruncated{.incarnation = target.meta->incarnation, .before = request.before});
        target.first = request.before;
    }
    return target.first;
}

void CommitDraft::record_deleted(Stream& target, log::DeleteReason reason) {
    commit_.add(log::StreamDeleted{.incarnation = target.meta->incarnation, .reason = reason});
    target.life = target.forks > 0 ? index::Life::soft_deleted : index::Life::dead;
    target.expired = false;
    auto* dying = target.life == index::Life::dead ? &target : nullptr;
    // As the fold does: a soft-deleted source goes with its last fork.
    while (dying != nullptr && dying->meta->source_path) {
        auto& source = stream(*dying->meta->source_path);
        dying = nullptr;
        if (source.exists() && --source.forks == 0 && source.life == index::Life::soft_deleted) {
            source.life = index::Life::dead;
            dying = &source;
        }
    }
}

StreamInfo CommitDraft::info_of(const Stream& stream) const {
    return {.stream = stream.meta->path,
            .incarnation = stream.meta->incarnation,
            .config = stream.meta->config,
            .tail = stream.meta->point(stream.tail),
            .first = stream.first,
            .closed = stream.closed,
            .created_at = stream.meta->created_at,
            .forked_from = stream.meta->source_path,
            .fork_point =
                stream.meta->is_fork() ? std::optional(stream.meta->point(stream.meta->fork_offset)) : std::nullopt};
}

}  // namespace foldback
