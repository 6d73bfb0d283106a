#include <algorithm>

#include "store/commit_draft.hpp"

namespace foldback {
namespace {

constexpr std::chrono::seconds longest_ttl{(std::int64_t{1} << 53) - 1};

}  // namespace

std::string CommitDraft::content_type_of(const StreamConfig& config) {
    return config.content_type.empty() ? "application/octet-stream" : config.content_type;
}

std::optional<Refused> CommitDraft::check_config(const StreamConfig& config) {
    if (config.ttl && config.expires_at) {
        return refuse(Refusal::bad_request, "a stream has either a time to live or an expiry time, not both");
    }
    if (config.ttl && (config.ttl->count() < 0 || *config.ttl > longest_ttl)) {
        return refuse(Refusal::bad_request, "a time to live is 0 to 2^53-1 seconds");
    }
    if (config.content_type.size() > max_content_type_bytes) {
        return refuse(Refusal::bad_request,
                      "a content type has at most " + std::to_string(max_content_type_bytes) + " bytes");
    }
    return std::nullopt;
}

log::StreamCreated CommitDraft::creation(const StreamPath& path, const StreamConfig& config) const {
    log::StreamCreated record{.incarnation = next_incarnation_,
                              .path = path.text(),
                              .content_type = content_type_of(config),
                              .created_at_ms = timestamp_.time_since_epoch().count()};
    if (config.ttl) record.ttl_seconds = config.ttl->count();
    if (config.expires_at) record.expires_at_ms = config.expires_at->time_since_epoch().count();
    return record;
}

Result<Created> CommitDraft::decide(const CreateRequest& request) {
    if (auto refused = check_config(request.config)) return *std::move(refused);
    if (request.initial.joined().size() > options_.max_append_bytes) return refuse_too_large();
    Stream* source = nullptr;
    if (request.fork) {
        source = &named(request.fork->source);
    }
    auto& target = named(request.stream);
    if (target.usable()) return existing(target, request, source);
    const bool held_by_forks = target.exists() && (target.life == index::Life::soft_deleted || target.forks > 0);
    if (held_by_forks) {
        return refuse(Refusal::exists,
                      "stream '" + request.stream.text() + "' is deleted, but forks still read its data");
    }

    auto record = creation(request.stream, request.config);
    if (source != nullptr) {
        if (!source->usable()) {
            const bool gone = refuse_missing(*source, request.fork->source).reason == Refusal::gone;
            return gone ? refuse(Refusal::source_gone, "the source '" + request.fork->source.text() + "' is deleted")
                        : refuse(Refusal::source_not_found, "there is no source '" + request.fork->source.text() + "'");
        }
        auto planned = plan_fork(request, *source);
        if (!planned) return planned.error();
        record = std::move(*planned);
    }
    if (!request.initial.empty() && request.initial.framing() != framing_of(record.content_type)) {
        return refuse(Refusal::content_type, "the initial data is not of the stream's content type");
    }

    if (target.exists()) record_deleted(target, log::DeleteReason::expired);
    record.closed = request.closed && request.initial.empty();
    record_created(target, record, source);
    if (!request.initial.empty()) {
        record_messages(
            target, request.initial,
            {.incarnation = target.meta->incarnation, .framing = target.meta->framing, .closes = request.closed});
        target.closed = request.closed;
    }
    return Created{.created = true, .info = info_of(target)};
}

Result<Created> CommitDraft::existing(const Stream& target, const CreateRequest& request, const Stream* source) const {
    const auto differs = [&](const char* what) {
        return refuse(Refusal::exists, "stream '" + request.stream.text() + "' exists with another " + what, &target);
    };
    const auto& meta = *target.meta;
    const auto& config = request.config;
    if (meta.is_fork() != (source != nullptr)) return differs("origin");
    // A fork may leave unsaid what it takes from its source.
    const bool inherits_type = source != nullptr && config.content_type.empty();
    if (!inherits_type && media_type_of(content_type_of(config)) != meta.media_type) return differs("content type");
    if (request.closed != target.closed) return differs("closure");
    if (source != nullptr && meta.source_path != request.fork->source) return differs("source");
    const bool inherits_expiry = source != nullptr && !config.ttl && !config.expires_at;
    const auto& expiry = inherits_expiry ? source->meta->config : config;
    if (expiry.ttl != meta.config.ttl || expiry.expires_at != meta.config.expires_at) return differs("expiry");
    if (source != nullptr) {
        const bool same_point = request.fork->at
                                    ? (*request.fork->at == meta.requested_fork_point &&
                                       request.fork->sub_offset == meta.requested_sub_offset)
                                    : (meta.requested_tail && request.fork->sub_offset == meta.requested_sub_offset);
        const bool same_place = request.fork->at &&
                                request.fork->at->offset.value + request.fork->sub_offset == meta.fork_offset.value &&
                                target.meta->point(request.fork->at->offset) == *request.fork->at;
        if (!same_point && !same_place) return differs("fork point");
    }
    return Created{.created = false, .info = info_of(target)};
}

Result<log::StreamCreated> CommitDraft::plan_fork(const CreateRequest& request, Stream& source) const {
    const auto& fork = *request.fork;
    const auto& config = request.config;
    if (!config.content_type.empty() && media_type_of(config.content_type) != source.meta->media_type) {
        return refuse(Refusal::content_type, "the source holds " + source.meta->config.content_type, &source);
    }
    const auto at = fork.at.value_or(source.meta->point(source.tail));
    const bool known_point = at.offset <= source.tail && at == source.meta->point(at.offset);
    if (!known_point || at.offset < source.first || fork.sub_offset > source.tail.value - at.offset.value) {
        return refuse(Refusal::bad_offset, "the fork offset is not one of the source's", &source);
    }
    auto inherited = source.meta->config;
    if (config.ttl || config.expires_at) {
        inherited.ttl = config.ttl;
        inherited.expires_at = config.expires_at;
    }
    auto record = creation(request.stream, inherited);
    record.forked_from = source.meta->incarnation;
    record.fork_offset = {at.offset.value + fork.sub_offset};
    record.requested_fork_point = at;
    record.requested_sub_offset = fork.sub_offset;
    record.requested_tail = !fork.at.has_value();
    return record;
}

void CommitDraft::record_created(Stream& target, const log::StreamCreated& record, Stream* source) {
    commit_.add(record);
    ++next_incarnation_.value;
    auto meta = std::make_shared<const index::StreamMeta>(index::meta_of(record, 0, source ? source->meta : nullptr));
    auto earlier = std::move(target.found);
    target = Stream{};
    target.found = std::move(earlier);
    target.life = index::Life::live;
    target.tail = meta->fork_offset;
    target.closed = record.closed;
    const auto& config = meta->config;
    target.expired = (config.expires_at && *config.expires_at <= timestamp_) || config.ttl == std::chrono::seconds{0};
    if (source != nullptr) {
        ++source->forks;
        target.first = std::min(source->first, meta->fork_offset);
    }
    target.created = std::move(meta);
    target.meta = target.created.get();
}

}  // namespace foldback
