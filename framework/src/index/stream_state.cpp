#include "index/stream_state.hpp"

namespace foldback::index {

std::vector<Ancestor> ancestors_below(const StreamMeta& source, Offset fork_offset) {
    std::vector<Ancestor> ancestors;
    for (const auto& ancestor : source.ancestors) {
        if (ancestor.end >= fork_offset) {
            ancestors.push_back({ancestor.incarnation, fork_offset});
            return ancestors;
        }
        ancestors.push_back(ancestor);
    }
    ancestors.push_back({source.incarnation, fork_offset});
    return ancestors;
}

StreamMeta meta_of(const log::StreamCreated& record, std::uint64_t segment, const StreamMeta* source) {
    StreamMeta meta{.incarnation = record.incarnation,
                    .path = StreamPath(record.path),
                    .config = {.content_type = record.content_type},
                    .media_type = media_type_of(record.content_type),
                    .framing = framing_of(record.content_type),
                    .created_at = Timestamp{std::chrono::milliseconds{record.created_at_ms}},
                    .created_in_segment = segment,
                    .source = record.forked_from,
                    .source_path = {},
                    .fork_offset = record.fork_offset,
                    .requested_fork_point = record.requested_fork_point,
                    .requested_sub_offset = record.requested_sub_offset,
                    .requested_tail = record.requested_tail,
                    .ancestors = {}};
    if (record.ttl_seconds) meta.config.ttl = std::chrono::seconds{*record.ttl_seconds};
    if (record.expires_at_ms) meta.config.expires_at = Timestamp{std::chrono::milliseconds{*record.expires_at_ms}};
    if (source != nullptr) {
        meta.source_path = source->path;
        meta.ancestors = ancestors_below(*source, record.fork_offset);
    }
    return meta;
}

}  // namespace foldback::index
