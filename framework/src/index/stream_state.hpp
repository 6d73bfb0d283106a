#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "foldback/store/stream_store.hpp"
#include "foldback/store/types.hpp"
#include "log/record.hpp"

/// What folding the log yields: the catalog of streams, in memory while they are in use and in index.db always.
namespace foldback::index {

/// Where one stored record of messages lies, and what it holds.
struct ChunkRef {
    Offset first;
    Position first_position;
    std::uint64_t extent = 0;  ///< messages (JSON) or bytes
    std::uint32_t segment = 0;
    std::uint32_t byte = 0;    ///< of the record's header, in the segment
    std::uint32_t length = 0;  ///< of the whole record

    [[nodiscard]] Offset end() const noexcept { return {first.value + extent}; }
};

/// The part of a fork's history that an ancestor holds: data before `end` (and not before the previous piece's end).
struct Ancestor {
    Incarnation incarnation;
    Offset end;
};

/// The ancestors of a fork: of each the data up to where the next one begins. Forks share what they have in common, so a fork of a
/// fork takes no more memory than any other.
class Ancestors {
public:
    /// Those of a fork that leaves `source`, which has these ancestors itself, at `fork_offset`.
    [[nodiscard]] Ancestors of_fork(Incarnation source, Offset fork_offset) const;

    /// The oldest one whose data reaches to `end` at least; null when that is none's. Valid as long as these are.
    [[nodiscard]] const Ancestor* oldest_to(Offset end) const noexcept;

private:
    struct Link;
    std::shared_ptr<const Link> newest_;
};

/// What never changes of a stream.
struct StreamMeta {
    Incarnation incarnation;
    StreamPath path;
    StreamConfig config;
    std::string media_type;
    Framing framing = Framing::bytes;
    Timestamp created_at;
    std::uint64_t created_in_segment = 0;

    Incarnation source;  ///< 0: not a fork
    std::optional<StreamPath> source_path;
    Offset fork_offset;
    StreamPoint requested_fork_point;
    std::uint64_t requested_sub_offset = 0;
    bool requested_tail = false;
    Ancestors ancestors;

    [[nodiscard]] bool is_fork() const noexcept { return source.value != 0; }

    /// The point that names `offset` in this stream: below and at a fork point it is the ancestor's.
    [[nodiscard]] StreamPoint point(Offset offset) const noexcept {
        const auto* const ancestor = ancestors.oldest_to(offset);
        return {ancestor != nullptr ? ancestor->incarnation : incarnation, offset};
    }
    /// Whose data lies right after `offset`, and where that ends.
    [[nodiscard]] Ancestor owner_of(Offset offset) const noexcept {
        const auto* const ancestor = ancestors.oldest_to({offset.value + 1});
        return ancestor != nullptr ? *ancestor : Ancestor{incarnation, {UINT64_MAX}};
    }
};

/// What a creation record says of a stream; `source` is its source's, null when it is not a fork.
[[nodiscard]] StreamMeta meta_of(const log::StreamCreated& record, std::uint64_t segment, const StreamMeta* source);

struct ProducerState {
    std::uint64_t epoch = 0;
    std::uint64_t seq = 0;
    bool unsaved = false;  ///< changed since the last checkpoint
};

enum class Life : std::uint8_t {
    live,
    soft_deleted,  ///< deleted, but forks read its data
    dead,          ///< remembered only until the index has forgotten it too
};

/// One stream, folded up to the durable tail. All but the atomics is guarded by the catalog's mutex.
struct StreamState {
    explicit StreamState(std::shared_ptr<const StreamMeta> about) : meta(std::move(about)) {}

    const std::shared_ptr<const StreamMeta> meta;
    Offset tail;
    Offset first;
    bool closed = false;
    Life life = Life::live;
    std::uint32_t forks = 0;            ///< streams that name this one as their source
    std::optional<Producer> closed_by;  ///< the producer's tuple that closed it
    std::optional<std::string> stream_seq;

    /// Producers seen since the stream became resident; of others the index knows.
    std::unordered_map<std::string, ProducerState> producers;
    std::uint32_t producer_count = 0;  ///< all, those only in the index included
    std::uint32_t place_in_draft = 0;  ///< where a CommitDraft may have it: the writer's alone, not guarded
    std::vector<std::string> unsaved_producers;

    /// The newest records; everything older is in the index. The first `saved_chunks` are there, too.
    std::vector<ChunkRef> chunks;
    std::size_t saved_chunks = 0;

    bool in_index = false;                        ///< has a row there
    bool dirty = false;                           ///< changed since the last checkpoint
    std::atomic<std::int64_t> last_access_ms{0};  ///< on the monotonic clock
    std::atomic<bool> touched{false};             ///< accessed since the row was saved; matters to streams with a ttl
    /// What all nodes of a shared log know: the last access that is in it, on this node's monotonic clock, so negative when it was
    /// before this machine started.
    std::atomic<std::int64_t> logged_access_ms{INT64_MIN};
    std::atomic<bool> awaits_renewal{false};  ///< it is among those whose last access may have to go there
    std::atomic<bool> recently_used{false};
    std::atomic<std::uint32_t> keepers{0};  ///< who keeps it from expiring by idleness
};

using StreamRef = std::shared_ptr<StreamState>;

/// What the writer still knows of a record that it just wrote: messages for a stream that was there before, and nothing
/// else. Folding it then reads neither the record nor the catalog again: 5 % of the time of a small append.
struct PlainAppend {
    const StreamRef* stream = nullptr;  ///< valid until the commit is folded
    ChunkRef chunk;                     ///< its byte counts from the commit's first one; its segment is not known yet
};

}  // namespace foldback::index
