#include "store/rewriter.hpp"

#include <mutex>

namespace foldback {
namespace {

template <class OnRecord>
void for_each_record(const log::CommitView& commit, OnRecord&& on_record) {
    auto rest = commit.payload;
    while (!rest.empty()) {
        const auto view = log::decode_record(rest, true);
        if (!view) throw StorageError("a record of a whole commit cannot be read");
        rest.remove_prefix(view->bytes.size());
        on_record(*view);
    }
}

log::MessagesAppended sound(std::optional<log::MessagesAppended> record) {
    if (!record) throw StorageError("the body of a stored record cannot be read");
    return *std::move(record);
}

index::ChunkRef ref_of(const log::MessagesAppended& record, std::uint64_t segment, std::uint64_t byte,
                       std::size_t length) {
    return {.first = record.first,
            .first_position = record.first_position,
            .extent = record.extent,
            .segment = static_cast<std::uint32_t>(segment),
            .byte = static_cast<std::uint32_t>(byte),
            .length = static_cast<std::uint32_t>(length)};
}

}  // namespace

const Rewriter::Fate& Rewriter::fate_of(Incarnation incarnation) {
    const auto known = fates_.find(incarnation.value);
    if (known != fates_.end()) return known->second;
    Fate fate;
    if (const auto stream = catalog_.find(incarnation)) {
        const std::shared_lock lock(catalog_.mutex());
        fate = {.exists = stream->life != index::Life::dead, .forked = stream->forks > 0, .first = stream->first};
    }
    return fates_.emplace(incarnation.value, fate).first->second;
}

void Rewriter::note(Kept& kept, Incarnation owner, const index::ChunkRef& ref) {
    const auto [slot, fresh] = kept.slot.emplace(owner.value, kept.segment.chunks.size());
    if (fresh) kept.segment.chunks.push_back({owner, {}});
    kept.segment.chunks[slot->second].second.push_back(ref);
    kept.segment.bytes += ref.length;
}

void Rewriter::note_landmark(Kept& kept, Position position, log::Place place) {
    auto& landmarks = kept.segment.landmarks;
    if (landmarks.empty() || index::deserves_landmark(landmarks.back().place, place))
        landmarks.push_back({.position = position, .place = place});
}

void Rewriter::KeptCommit::clear() {
    commit.clear();
    chunks.clear();
    first_position.reset();
}

void Rewriter::KeptCommit::add_messages(const log::MessagesAppended& record) {
    commit.count_messages(record.count);
    if (!first_position) first_position = record.first_position;
}

void Rewriter::keep(const log::RecordView& view, std::uint64_t segment, KeptCommit& kept) {
    const auto& fate = fate_of(view.incarnation);
    if (!fate.exists) {
        // A deletion outlives the creation it undoes, wherever that lies: otherwise a rebuilt index would bring the
        // stream back.
        if (view.type != log::RecordType::stream_deleted) return;
        auto created_in = catalog_.creation_of_dead(view.incarnation);
        if (!created_in) created_in = index_.creation_of_deleted(view.incarnation);
        if (created_in && *created_in != segment) kept.commit.add_encoded(view.bytes);
        return;
    }
    if (view.type != log::RecordType::messages_appended) {
        kept.commit.add_encoded(view.bytes);
        return;
    }
    auto record = sound(log::decode_appended(view));
    // Who builds an index from what is left lets all idle times begin anew.
    if (log::is_renewal(record)) return;
    const bool given_up = !fate.forked && record.first.value + record.extent <= fate.first.value;
    if (!given_up) {
        const auto at = kept.commit.add_encoded(view.bytes);
        kept.add_messages(record);
        if (!record.payload_dropped)
            kept.chunks.emplace_back(view.incarnation, ref_of(record, segment, at, view.bytes.size()));
        return;
    }
    // Truncated: the messages go, what they say of producers, order and closure stays.
    const bool says_more = !record.producer_id.empty() || record.stream_seq || record.closes;
    if (!says_more) return;
    record.payload_dropped = true;
    record.sizes = {};
    record.payload = {};
    kept.commit.add(record);
    kept.add_messages(record);
}

std::uint64_t Rewriter::rewrite(std::uint64_t number, const std::function<bool(std::uint64_t)>& pace) {
    fates_.clear();
    const auto old = log_.segment(number);
    auto rewriting = log_.begin_rewrite(number);
    Kept kept;
    kept.segment.number = number;
    KeptCommit of_commit;
    bool given_up = false;
    std::uint64_t old_bytes = log::segment_header_bytes;
    log::Log::scan_segment(*old, log::segment_header_bytes, std::nullopt, [&](const log::CommitView& view) {
        of_commit.clear();
        for_each_record(view, [&](const log::RecordView& record) { keep(record, number, of_commit); });
        const auto read_bytes = log::commit_header_bytes + view.payload.size();
        old_bytes += read_bytes;
        if (!of_commit.commit.empty()) {
            const auto first_position = of_commit.first_position.value_or(view.header.first_position);
            const auto byte = rewriting.add(of_commit.commit, first_position, view.header.timestamp_ms);
            for (auto& [owner, ref] : of_commit.chunks) {
                ref.byte += static_cast<std::uint32_t>(byte);
                note(kept, owner, ref);
            }
            if (!of_commit.chunks.empty()) note_landmark(kept, first_position, {number, byte});
        }
        given_up = !pace(read_bytes + of_commit.commit.size());
        return !given_up;
    });
    if (given_up) return 0;
    const auto new_bytes = rewriting.bytes();
    const auto finished = log_.finish_rewrite(std::move(rewriting));
    kept.segment.generation = finished->header().generation;
    // Readers go by the generation that the index names: from here on they find both.
    log_.announce(finished);
    index_.replace_segment(kept.segment);
    {
        const std::unique_lock lock(catalog_.mutex());
        catalog_.forget_records_in(number);
        log_.publish(finished);
    }
    return old_bytes > new_bytes ? old_bytes - new_bytes : 0;
}

void Rewriter::reindex(const log::Segment& segment) {
    fates_.clear();
    Kept kept;
    kept.segment.number = segment.header().number;
    kept.segment.generation = segment.header().generation;
    log::Log::scan_segment(segment, log::segment_header_bytes, std::nullopt, [&](const log::CommitView& view) {
        bool has_messages = false;
        for_each_record(view, [&](const log::RecordView& record) {
            const bool exists = fate_of(record.incarnation).exists;
            // The stream may have died after the rewriting looked at it, or the index be younger than the rewriting.
            if (record.type == log::RecordType::stream_created && !exists) {
                kept.segment.dead_creations.push_back(record.incarnation);
            }
            if (record.type != log::RecordType::messages_appended || !exists) return;
            const auto appended = sound(log::decode_appended(record));
            if (appended.payload_dropped) return;
            has_messages = true;
            const auto byte = view.place.byte + log::commit_header_bytes +
                              static_cast<std::uint64_t>(record.bytes.data() - view.payload.data());
            note(kept, record.incarnation, ref_of(appended, view.place.segment, byte, record.bytes.size()));
        });
        if (has_messages) note_landmark(kept, view.header.first_position, view.place);
        return true;
    });
    index_.replace_segment(kept.segment);
}

}  // namespace foldback
