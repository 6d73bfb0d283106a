#include <algorithm>

#include "index/catalog.hpp"

/// The fold: records in, catalog out. The same code folds at opening and after every flush.
namespace foldback::index {
void Catalog::apply(const log::CommitView& commit, const std::function<void(const StreamRef&)>& changed,
                    std::span<const PlainAppend> known) {
    require_whole();
    is_whole_ = false;
    if (commit.header.messages > 0 && deserves_landmark(last_landmark_, commit.place)) {
        landmarks_.push_back({commit.header.first_position, commit.place, commit.generation});
        last_landmark_ = commit.place;
    }
    accessed_ms_ = sharing_ == Sharing::alone ? clock_.monotonic().count() : monotonic_ms(commit.header.timestamp_ms);
    folded_to_ = {commit.place.segment, commit.place.byte + log::commit_header_bytes + commit.payload.size()};
    next_position_ = {std::max(next_position_.value, commit.header.first_position.value + commit.header.messages)};
    unsaved_bytes_ += commit.payload.size();
    auto rest = commit.payload;
    while (!rest.empty()) {
        const auto byte = log::commit_header_bytes + commit.payload.size() - rest.size();
        const log::Place place{commit.place.segment, commit.place.byte + byte};
        if (!known.empty() && known.front().chunk.byte == byte) {
            const auto& [stream, chunk] = known.front();
            apply_chunk(*stream, chunk, place);
            if (changed) changed(*stream);
            rest.remove_prefix(chunk.length);
            known = known.subspan(1);
            continue;
        }
        const auto view = log::decode_record(rest, false);
        if (!view) throw StorageError("a record of a whole commit cannot be read");
        rest.remove_prefix(view->bytes.size());
        auto stream = apply_record(*view, place);
        if (stream && changed) changed(stream);
    }
    is_whole_ = true;
}

StreamRef Catalog::apply_record(const log::RecordView& view, log::Place place) {
    const auto sound = [&](auto record) {
        if (!record) {
            throw StorageError("segment " + std::to_string(place.segment) + " of the log, byte " +
                               std::to_string(place.byte) + ": the body of a stored record cannot be read");
        }
        return *std::move(record);
    };
    switch (view.type) {
        case log::RecordType::stream_created: return apply_created(sound(log::decode_created(view)), place.segment);
        case log::RecordType::messages_appended:
            return apply_appended(sound(log::decode_appended_head(view)), view, place);
        case log::RecordType::stream_closed: return apply_closed(sound(log::decode_closed(view)));
        case log::RecordType::stream_deleted: return apply_deleted(sound(log::decode_deleted(view)));
        case log::RecordType::stream_truncated: return apply_truncated(sound(log::decode_truncated(view)));
    }
    throw StorageError("a stored record is of a type that this version does not know");
}

StreamRef Catalog::apply_created(const log::StreamCreated& record, std::uint64_t segment) {
    raise_next_incarnation({record.incarnation.value + 1});
    const auto source = record.forked_from.value != 0 ? folded(record.forked_from) : nullptr;
    // A source outlives its forks, so this fork was deleted later in the log and its source's records are reclaimed.
    if (record.forked_from.value != 0 && !source) return nullptr;
    auto meta = std::make_shared<const StreamMeta>(meta_of(record, segment, source ? source->meta.get() : nullptr));
    auto stream_first = Offset{};
    if (source) {
        ++source->forks;
        mark_dirty(source);
        stream_first = std::min(source->first, meta->fork_offset);
    }
    auto stream = std::make_shared<StreamState>(meta);
    stream->tail = meta->fork_offset;
    stream->first = stream_first;
    stream->closed = record.closed;
    note_access(*stream);
    in_turn_.push_back(record.incarnation.value);
    by_incarnation_[record.incarnation.value] = stream;
    name(stream);
    paths_.add(stream->meta->path.text());
    mark_dirty(stream);
    ++stream_count_;
    return stream;
}

StreamRef Catalog::apply_appended(const log::MessagesAppended& record, const log::RecordView& view, log::Place place) {
    auto stream = folded(record.incarnation);
    if (!stream || stream->life == Life::dead) {
        orphan_bytes_[place.segment] += view.bytes.size();
        return nullptr;
    }
    if (log::is_renewal(record)) {
        orphan_bytes_[place.segment] += view.bytes.size();
        apply_renewed(stream, record.timestamp_ms);
        return nullptr;
    }
    if (record.payload_dropped) {
        grow(stream, {record.first.value + record.extent});
    } else {
        apply_chunk(stream,
                    {.first = record.first,
                     .first_position = record.first_position,
                     .extent = record.extent,
                     .length = static_cast<std::uint32_t>(view.bytes.size())},
                    place);
    }
    if (record.stream_seq) stream->stream_seq = std::string(*record.stream_seq);
    if (!record.producer_id.empty()) {
        remember_producer(*stream, record.producer_id, record.producer_epoch, record.producer_seq);
    }
    if (record.closes) {
        stream->closed = true;
        if (!record.producer_id.empty()) {
            stream->closed_by = Producer{std::string(record.producer_id), record.producer_epoch, record.producer_seq};
        }
    }
    return stream;
}

void Catalog::apply_chunk(const StreamRef& stream, const ChunkRef& chunk, log::Place place) {
    auto& added = stream->chunks.emplace_back(chunk);
    added.segment = static_cast<std::uint32_t>(place.segment);
    added.byte = static_cast<std::uint32_t>(place.byte);
    ++unsaved_records_;
    grow(stream, chunk.end());
}

void Catalog::grow(const StreamRef& stream, Offset tail) {
    stream->tail = tail;
    note_access(*stream);
    mark_dirty(stream);
}

void Catalog::remember_producer(StreamState& stream, std::string_view id, std::uint64_t epoch, std::uint64_t seq) {
    const std::string name(id);
    auto known = stream.producers.find(name);
    if (known == stream.producers.end()) {
        const bool maybe_in_index = stream.in_index && stream.producers.size() < stream.producer_count;
        if (!maybe_in_index || !index_.find_producer(stream.meta->incarnation, name)) ++stream.producer_count;
        known = stream.producers.emplace(name, ProducerState{}).first;
    }
    if (!known->second.unsaved) stream.unsaved_producers.push_back(name);
    known->second = {.epoch = epoch, .seq = seq, .unsaved = true};
}

StreamRef Catalog::apply_closed(const log::StreamClosed& record) {
    auto stream = folded(record.incarnation);
    if (!stream || stream->life == Life::dead) return nullptr;
    stream->closed = true;
    if (!record.producer_id.empty()) {
        remember_producer(*stream, record.producer_id, record.producer_epoch, record.producer_seq);
        stream->closed_by = Producer{std::string(record.producer_id), record.producer_epoch, record.producer_seq};
    }
    note_access(*stream);
    mark_dirty(stream);
    return stream;
}

StreamRef Catalog::apply_deleted(const log::StreamDeleted& record) {
    auto stream = folded(record.incarnation);
    if (!stream || stream->life == Life::dead) return nullptr;
    if (stream->forks > 0) {
        stream->life = Life::soft_deleted;
        mark_dirty(stream);
    } else {
        bury(stream);
    }
    return stream;
}

void Catalog::bury(const StreamRef& stream) {
    auto dying = stream;
    // A soft-deleted source goes with its last fork, and so on up the chain (PROTOCOL §4.2).
    while (dying) {
        dying->life = Life::dead;
        removed_.push_back(dying);
        --stream_count_;
        StreamRef source;
        if (dying->meta->is_fork()) {
            source = folded(dying->meta->source);
            if (source) {
                --source->forks;
                mark_dirty(source);
                if (source->forks > 0 || source->life != Life::soft_deleted) source = nullptr;
            }
        }
        dying = source;
    }
}

StreamRef Catalog::apply_truncated(const log::StreamTruncated& record) {
    auto stream = folded(record.incarnation);
    if (!stream || stream->life == Life::dead) return nullptr;
    stream->first = std::max(stream->first, record.before);
    stream->tail = std::max(stream->tail, record.before);
    mark_dirty(stream);
    return stream;
}

}  // namespace foldback::index
