#include "model/model.hpp"

namespace foldback::model {

Result<Created> Model::apply(const CreateRequest& request) {
    if (request.config.ttl && request.config.expires_at) return refuse(Refusal::bad_request);
    const auto& path = request.stream.text();
    if (const auto* stream = find(path)) return existing(*stream, request);
    if (is_held(path)) return refuse(Refusal::exists);

    Stream fresh{.config = request.config};
    if (request.fork) {
        auto planned = forked(request);
        if (!planned) return planned.error();
        fresh = *std::move(planned);
    }
    if (!request.initial.empty() && request.initial.framing() != fresh.framing()) return refuse(Refusal::content_type);
    if (fresh.source != 0) ++streams_.at(fresh.source).forks;
    auto& stream = add(path, std::move(fresh));
    add_messages(stream, request.initial);
    stream.closed = request.closed;
    return Created{.created = true, .info = info(stream)};
}

Result<Stream> Model::forked(const CreateRequest& request) {
    const auto& from = *request.fork;
    const auto* source = find(from.source.text());
    if (source == nullptr)
        return refuse(is_held(from.source.text()) ? Refusal::source_gone : Refusal::source_not_found);
    const auto& asked = request.config;
    if (!asked.content_type.empty() &&
        media_type_of(asked.content_type) != media_type_of(source->config.content_type)) {
        return refuse(Refusal::content_type, source);
    }
    const auto at = from.at.value_or(point(*source, source->tail));
    const bool is_own = at.offset.value <= source->tail && point(*source, at.offset.value) == at;
    if (!is_own || at.offset.value < source->first || from.sub_offset > source->tail - at.offset.value) {
        return refuse(Refusal::bad_offset, source);
    }
    Stream fork{.config = source->config};
    if (asked.ttl || asked.expires_at) {
        fork.config.ttl = asked.ttl;
        fork.config.expires_at = asked.expires_at;
    }
    fork.source = source->incarnation;
    fork.fork_offset = at.offset.value + from.sub_offset;
    fork.first = source->first;
    fork.tail = fork.fork_offset;
    fork.requested_point = from.at;
    fork.requested_sub_offset = from.sub_offset;
    return fork;
}

Result<Created> Model::existing(const Stream& stream, const CreateRequest& request) const {
    const auto differs = [&] { return refuse(Refusal::exists, &stream); };
    const bool is_fork = stream.source != 0;
    if (is_fork != request.fork.has_value()) return differs();
    const auto* source = is_fork ? &streams_.at(stream.source) : nullptr;
    if (is_fork && request.fork->source.text() != source->path) return differs();
    auto wanted = request.config;
    if (wanted.content_type.empty())
        wanted.content_type = is_fork ? stream.config.content_type : "application/octet-stream";
    if (is_fork && !wanted.ttl && !wanted.expires_at) {
        wanted.ttl = source->config.ttl;
        wanted.expires_at = source->config.expires_at;
    }
    if (media_type_of(wanted.content_type) != media_type_of(stream.config.content_type)) return differs();
    if (wanted.ttl != stream.config.ttl || wanted.expires_at != stream.config.expires_at) return differs();
    if (request.closed != stream.closed) return differs();
    if (is_fork) {
        const auto& from = *request.fork;
        const bool asks_the_same = from.at == stream.requested_point && from.sub_offset == stream.requested_sub_offset;
        const bool means_the_same = from.at && from.at->offset.value + from.sub_offset == stream.fork_offset &&
                                    point(stream, from.at->offset.value) == *from.at;
        if (!asks_the_same && !means_the_same) return differs();
    }
    return Created{.created = false, .info = info(stream)};
}

}  // namespace foldback::model
