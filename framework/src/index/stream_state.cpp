#include "index/stream_state.hpp"

#include <utility>

namespace foldback::index {

struct Ancestors::Link {
    Link(Ancestor newest, std::shared_ptr<const Link> before) : ancestor(newest), older(std::move(before)) {}
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    /// Lets go of one after the other, not each of the next: a chain may be of any length.
    ~Link() {
        for (auto link = std::move(older); link.use_count() == 1;) {
            auto next = link->older;
            link = std::move(next);
        }
    }

    Ancestor ancestor;
    std::shared_ptr<const Link> older;  ///< ends earlier
};

Ancestors Ancestors::of_fork(Incarnation source, Offset fork_offset) const {
    const Link* left = nullptr;  // where the fork leaves the chain
    for (const auto* link = newest_.get(); link != nullptr && link->ancestor.end >= fork_offset;
         link = link->older.get())
        left = link;
    Ancestors ancestors;
    ancestors.newest_ =
        left != nullptr ? std::make_shared<const Link>(Ancestor{left->ancestor.incarnation, fork_offset}, left->older)
                        : std::make_shared<const Link>(Ancestor{source, fork_offset}, newest_);
    return ancestors;
}

const Ancestor* Ancestors::oldest_to(Offset end) const noexcept {
    const Ancestor* oldest = nullptr;
    for (const auto* link = newest_.get(); link != nullptr && link->ancestor.end >= end; link = link->older.get())
        oldest = &link->ancestor;
    return oldest;
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
        meta.ancestors = source->ancestors.of_fork(source->incarnation, record.fork_offset);
    }
    return meta;
}

}  // namespace foldback::index
