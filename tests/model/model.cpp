#include "model/model.hpp"

#include <algorithm>

namespace foldback::model {

bool Model::expired(const Stream& stream) const {
    if (stream.soft_deleted) return false;
    if (stream.config.expires_at && clock_->now() >= *stream.config.expires_at) return true;
    return stream.config.ttl && clock_->monotonic() - stream.last_access >= *stream.config.ttl;
}

Stream* Model::named(const std::string& path) {
    const auto found = by_path_.find(path);
    return found == by_path_.end() ? nullptr : &streams_.at(found->second);
}

const Stream* Model::named(const std::string& path) const {
    const auto found = by_path_.find(path);
    return found == by_path_.end() ? nullptr : &streams_.at(found->second);
}

const Stream* Model::find(const std::string& path) const {
    const auto* stream = named(path);
    return stream != nullptr && !stream->soft_deleted && !expired(*stream) ? stream : nullptr;
}

bool Model::is_held(const std::string& path) const {
    const auto* stream = named(path);
    return stream != nullptr && (stream->soft_deleted || stream->forks > 0);
}

Refusal Model::missing(const std::string& path) const { return is_held(path) ? Refusal::gone : Refusal::not_found; }

bool Model::has_expired() const {
    return std::any_of(streams_.begin(), streams_.end(), [&](const auto& item) { return expired(item.second); });
}

Refused Model::refuse(Refusal reason, const Stream* stream) const {
    Refused refused{.reason = reason};
    if (stream != nullptr) {
        refused.tail = point(*stream, stream->tail);
        refused.first = {stream->first};
        refused.closed = stream->closed;
    }
    return refused;
}

StreamPoint Model::point(const Stream& stream, std::uint64_t offset) const {
    if (stream.source != 0 && offset <= stream.fork_offset) return point(streams_.at(stream.source), offset);
    return {{stream.incarnation}, {offset}};
}

StreamInfo Model::info(const Stream& stream) const {
    StreamInfo info{.stream = stream.path,
                    .incarnation = {stream.incarnation},
                    .config = stream.config,
                    .tail = point(stream, stream.tail),
                    .first = {stream.first},
                    .closed = stream.closed,
                    .created_at = stream.created_at};
    if (stream.source != 0) {
        info.forked_from = streams_.at(stream.source).path;
        info.fork_point = point(stream, stream.fork_offset);
    }
    return info;
}

void Model::collect(const Stream& stream, std::uint64_t from, std::uint64_t to, std::vector<Slice>& slices) const {
    if (stream.source != 0 && from < stream.fork_offset) {
        collect(streams_.at(stream.source), from, std::min(to, stream.fork_offset), slices);
    }
    for (const auto& piece : stream.pieces) {
        const auto end = piece.offset + piece.extent;
        if (end <= from || piece.offset >= to) continue;
        std::string_view data = *piece.data;
        auto offset = piece.offset;
        if (stream.framing() == Framing::bytes) {
            const auto skip = from > piece.offset ? from - piece.offset : 0;
            data = data.substr(skip, std::min(to, end) - piece.offset - skip);
            offset += skip;
        }
        slices.push_back({offset, piece.position, piece.at, data});
    }
}

std::vector<Slice> Model::contents(const Stream& stream) const {
    std::vector<Slice> slices;
    collect(stream, stream.first, stream.tail, slices);
    return slices;
}

std::vector<Slice> Model::own_contents(const Stream& stream) const {
    std::vector<Slice> slices;
    collect(stream, std::max(stream.first, stream.fork_offset), stream.tail, slices);
    return slices;
}

void Model::record_deleted(std::uint64_t incarnation) {
    auto& stream = streams_.at(incarnation);
    if (stream.forks > 0) {
        stream.soft_deleted = true;
        return;
    }
    const auto source = stream.source;
    by_path_.erase(stream.path);
    streams_.erase(incarnation);
    if (source == 0) return;
    auto& left = streams_.at(source);
    if (--left.forks == 0 && left.soft_deleted) record_deleted(source);
}

Result<std::monostate> Model::apply(const Remove& request) {
    const auto* stream = find(request.stream.text());
    if (stream == nullptr) return refuse(missing(request.stream.text()));
    record_deleted(stream->incarnation);
    return std::monostate{};
}

Result<Offset> Model::apply(const Truncate& request) {
    if (find(request.stream.text()) == nullptr) return refuse(missing(request.stream.text()));
    auto& stream = *named(request.stream.text());
    if (request.before.value > stream.tail) return refuse(Refusal::bad_offset, &stream);
    stream.first = std::max(stream.first, request.before.value);
    return Offset{stream.first};
}

void Model::expire() {
    std::vector<std::uint64_t> over;
    for (const auto& [incarnation, stream] : streams_) {
        if (expired(stream)) over.push_back(incarnation);
    }
    for (const auto incarnation : over) record_deleted(incarnation);
}

void Model::restart() {
    for (auto& [incarnation, stream] : streams_) stream.last_access = clock_->monotonic();
}

void Model::touch(const std::string& path) { named(path)->last_access = clock_->monotonic(); }

Stream& Model::add(const std::string& path, Stream stream) {
    if (const auto* namesake = named(path)) record_deleted(namesake->incarnation);  // it has expired
    const auto incarnation = next_incarnation_++;
    stream.incarnation = incarnation;
    stream.path = path;
    stream.created_at = clock_->now();
    stream.last_access = clock_->monotonic();
    if (stream.config.content_type.empty()) stream.config.content_type = "application/octet-stream";
    by_path_[path] = incarnation;
    return streams_.emplace(incarnation, std::move(stream)).first->second;
}

void Model::add_messages(Stream& stream, const Messages& messages) {
    constexpr std::size_t record_bytes = 64 * 1024;  // bytes are stored in pieces of this size, each with a position
    const auto joined = messages.joined();
    std::size_t at = 0;
    const auto take = [&](std::size_t size, std::uint64_t extent) {
        stream.pieces.push_back({.offset = stream.tail,
                                 .extent = extent,
                                 .position = next_position_++,
                                 .at = clock_->now(),
                                 .data = std::make_shared<const std::string>(joined.substr(at, size))});
        stream.tail += extent;
        at += size;
    };
    if (messages.framing() == Framing::bytes) {
        while (at < joined.size()) {
            const auto size = std::min(record_bytes, joined.size() - at);
            take(size, size);
        }
        return;
    }
    for (const auto size : messages.sizes()) {
        take(size, 1);
        ++at;  // the comma
    }
}

}  // namespace foldback::model
