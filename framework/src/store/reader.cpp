#include "store/reader.hpp"

#include <algorithm>
#include <mutex>
#include <thread>

namespace foldback {
namespace {

/// How often a read is made again because a segment was rewritten under it, before that is an error.
constexpr int max_attempts = 1000;

Refused refuse(Refusal reason, std::string detail, const index::StreamState* stream = nullptr) {
    Refused refused{.reason = reason, .detail = std::move(detail)};
    if (stream != nullptr) {
        refused.tail = stream->meta->point(stream->tail);
        refused.first = stream->first;
        refused.closed = stream->closed;
    }
    return refused;
}

/// Why a stream cannot be used now, if it cannot. The caller holds the catalog's mutex.
std::optional<Refused> unusable(const index::Catalog& catalog, const index::StreamState& stream) {
    const auto& path = stream.meta->path.text();
    const bool expired = stream.life == index::Life::live && catalog.expired(stream);
    if (stream.life == index::Life::soft_deleted || (expired && stream.forks > 0)) {
        return refuse(Refusal::gone, "stream '" + path + "' is deleted; forks still read its data");
    }
    if (stream.life == index::Life::dead || expired)
        return refuse(Refusal::not_found, "there is no stream '" + path + "'");
    return std::nullopt;
}

}  // namespace

StreamInfo info_of(const index::StreamState& stream) {
    const auto& meta = *stream.meta;
    return {.stream = meta.path,
            .incarnation = meta.incarnation,
            .config = meta.config,
            .tail = meta.point(stream.tail),
            .first = stream.first,
            .closed = stream.closed,
            .created_at = meta.created_at,
            .forked_from = meta.source_path,
            .fork_point = meta.is_fork() ? std::optional(meta.point(meta.fork_offset)) : std::nullopt};
}

Result<StreamInfo> Reader::head(const StreamPath& path) {
    const auto stream = catalog_.find(path.text());
    if (!stream) return refuse(Refusal::not_found, "there is no stream '" + path.text() + "'");
    const std::shared_lock lock(catalog_.mutex());
    if (auto refused = unusable(catalog_, *stream)) return *std::move(refused);
    return info_of(*stream);
}

Watch Reader::keep_alive(const StreamPath& path) {
    auto stream = catalog_.find(path.text());
    if (!stream) return {};
    const std::shared_lock lock(catalog_.mutex());
    if (!stream->meta->config.ttl || unusable(catalog_, *stream)) return {};
    ++stream->keepers;
    catalog_.await_renewal(stream);
    return Watch([this, stream = std::move(stream)] {
        catalog_.touch(stream);  // first: in between nobody may find it idle
        --stream->keepers;
    });
}

Result<Reader::Snapshot> Reader::snapshot(const ReadRequest& request) {
    auto stream = catalog_.find(request.stream.text());
    if (!stream) return refuse(Refusal::not_found, "there is no stream '" + request.stream.text() + "'");
    const std::shared_lock lock(catalog_.mutex());
    if (auto refused = unusable(catalog_, *stream)) return *std::move(refused);
    auto start = resolve(*stream, request.from, request.direction);
    if (!start) return start.error();
    if (request.renews_ttl) catalog_.touch(stream);
    return Snapshot{.start = *start,
                    .tail = stream->tail,
                    .first = stream->first,
                    .closed = stream->closed,
                    .stream = std::move(stream)};
}

Result<Offset> Reader::resolve(const index::StreamState& stream, const ReadFrom& from, Direction direction) {
    if (std::holds_alternative<FromStart>(from)) return stream.first;
    if (std::holds_alternative<FromTail>(from)) return stream.tail;
    Offset offset;
    if (const auto* point = std::get_if<StreamPoint>(&from)) {
        if (point->offset > stream.tail || stream.meta->point(point->offset) != *point) {
            return refuse(Refusal::bad_offset, "the offset is not one of this stream's", &stream);
        }
        offset = point->offset;
    } else {
        offset = std::get<Offset>(from);
        if (offset > stream.tail)
            return refuse(Refusal::bad_offset, "the offset lies beyond the stream's tail", &stream);
    }
    if (offset < stream.first && direction == Direction::forward) {
        return refuse(Refusal::truncated,
                      "the data before offset " + std::to_string(stream.first.value) + " was given up", &stream);
    }
    return std::max(offset, stream.first);
}

Result<ReadPage> Reader::read(const ReadRequest& request) {
    for (int attempt = 0; attempt < max_attempts; ++attempt) {
        auto taken = snapshot(request);
        if (!taken) return taken.error();
        auto page = begin_page(*taken);
        const bool complete = request.direction == Direction::forward ? read_forward(*taken, request, page)
                                                                      : read_backward(*taken, request, page);
        if (complete) return page;
        std::this_thread::yield();
    }
    throw StorageError("stream '" + request.stream.text() + "': the index does not say where its data is");
}

ReadPage Reader::begin_page(const Snapshot& snapshot) {
    const auto& meta = *snapshot.stream->meta;
    ReadPage page;
    page.framing = meta.framing;
    page.content_type = meta.config.content_type;
    page.incarnation = meta.incarnation;
    page.start = meta.point(snapshot.start);
    page.next = page.start;
    page.tail = meta.point(snapshot.tail);
    page.closed = snapshot.closed;
    return page;
}

bool Reader::read_forward(const Snapshot& snapshot, const ReadRequest& request, ReadPage& page) {
    PageFiller filler(page, request);
    auto at = snapshot.start;
    while (at < snapshot.tail && !filler.full()) {
        const auto owner = snapshot.stream->meta->owner_of(at);
        const auto end = std::min(owner.end, snapshot.tail);
        const Offset wanted{at.value + std::min(filler.reach(), end.value - at.value)};
        const auto chunks = locate(owner.incarnation, at, wanted, filler.bytes_left());
        const auto records = load_chunks(chunks, owner.incarnation, log_, memory_, page.owners);
        if (records.empty()) return false;
        for (const auto& record : records) {
            if (filler.full()) break;
            if (record.first > at) return false;  // what lay between was given up meanwhile
            at = filler.add(record, at, end);
        }
    }
    page.next = snapshot.stream->meta->point(at);
    page.up_to_date = at == snapshot.tail;
    return true;
}

bool Reader::read_backward(const Snapshot& snapshot, const ReadRequest& request, ReadPage& page) {
    PageFiller filler(page, request);
    auto before = snapshot.start;
    while (before > snapshot.first && !filler.full()) {
        const auto owner = snapshot.stream->meta->owner_of({before.value - 1});
        const Offset wanted{before.value - std::min(filler.reach(), before.value - snapshot.first.value)};
        const auto chunks = locate_before(owner.incarnation, before, wanted, filler.bytes_left());
        const auto records = load_chunks(chunks, owner.incarnation, log_, memory_, page.owners);
        if (records.empty()) return false;
        for (const auto& record : records) {
            if (filler.full()) break;
            if (record.first.value + record.extent < before.value) return false;
            before = filler.add_backward(record, before, snapshot.first);
        }
    }
    page.next = snapshot.stream->meta->point(before);
    page.up_to_date = before == snapshot.first;
    return true;
}

std::uint64_t Reader::stored_bytes(const StreamPath& path) {
    const auto stream = catalog_.find(path.text());
    if (!stream) return 0;
    std::uint64_t bytes = index_.stored_bytes(stream->meta->incarnation);
    const std::shared_lock lock(catalog_.mutex());
    if (unusable(catalog_, *stream)) return 0;
    // What a checkpoint saves between the two looks counts twice, or not until the next question.
    for (auto at = stream->saved_chunks; at < stream->chunks.size(); ++at) bytes += stream->chunks[at].length;
    return bytes;
}

StreamList Reader::list(const ListRequest& request) {
    while (true) {
        if (auto complete = try_list(request)) return *std::move(complete);
    }
}

std::optional<StreamList> Reader::try_list(const ListRequest& request) {
    // The index, as of its last checkpoint, and what changed since, merged by path.
    const auto checkpoints = [&] {
        const std::shared_lock lock(catalog_.mutex());
        return catalog_.checkpoints();
    };
    const auto seen = checkpoints();
    std::map<std::string, StreamInfo> found;
    auto after = request.after;
    bool more_rows = true;
    while (more_rows && found.size() <= request.limit) {
        const auto rows = index_.list(request.prefix, after, request.limit + 1);
        more_rows = rows.size() > request.limit;
        for (const auto& row : rows) {
            after = row.meta->path.text();
            if (auto info = head(row.meta->path)) found.emplace(after, *std::move(info));
        }
    }
    {
        const std::shared_lock lock(catalog_.mutex());
        // A checkpoint that ended between the two looks took streams from the one to the other.
        if (catalog_.checkpoints() != seen) return std::nullopt;
        for (const auto* changed : {&catalog_.saving_streams(), &catalog_.dirty_streams()}) {
            for (const auto& stream : *changed) {
                const auto& path = stream->meta->path.text();
                const bool wanted =
                    path.starts_with(request.prefix) && path > request.after && (!more_rows || path <= after);
                if (wanted && !unusable(catalog_, *stream)) found.insert_or_assign(path, info_of(*stream));
            }
        }
    }
    StreamList list;
    for (auto& [path, info] : found) {
        if (list.streams.size() == request.limit) break;
        list.streams.push_back(std::move(info));
    }
    list.complete = !more_rows && found.size() <= request.limit;
    return list;
}

}  // namespace foldback
