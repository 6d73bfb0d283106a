#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "index/extent_codec.hpp"
#include "index/stream_state.hpp"
#include "log/log.hpp"

namespace foldback::index {

/// A place in the log where a commit begins whose first message has this position.
struct Landmark {
    Position position;
    log::Place place;
    std::uint64_t generation = 0;  ///< of the segment, in which the place means something
};

/// Whether a commit with messages deserves a landmark: the store-wide feed may have to skip what lies between two.
[[nodiscard]] inline bool deserves_landmark(const log::Place& last, const log::Place& place) noexcept {
    constexpr std::uint64_t distance_bytes = 64 * 1024;
    return last.segment != place.segment || place.byte >= last.byte + distance_bytes;
}

/// A stream as the index keeps it.
struct StreamRow {
    std::shared_ptr<const StreamMeta> meta;  ///< as read from the index: without `ancestors`
    Offset tail;
    Offset first;
    bool closed = false;
    bool soft_deleted = false;
    std::uint32_t forks = 0;
    std::optional<Producer> closed_by;
    std::optional<std::string> stream_seq;
    std::uint32_t producer_count = 0;
    std::int64_t last_access_wall_ms = 0;  ///< with a shared log: the last one that is in it

    // Written with the row, not read with it.
    std::int64_t idle_since_wall_ms = 0;  ///< what the deadline counts from
    bool was_in_index = false;
    std::vector<std::pair<std::string, ProducerState>> unsaved_producers;
    std::vector<ChunkRef> unsaved_chunks;
};

/// A stream that is no more.
struct Removal {
    Incarnation incarnation;
    std::uint64_t created_in_segment = 0;
    std::vector<ChunkRef> unsaved_chunks;
};

/// What a checkpoint adds to the index, all in one transaction.
struct Checkpoint {
    log::Place covered;               ///< everything before it is in the index
    std::uint64_t covered_epoch = 0;  ///< of the segment that it lies in: no other log has it. The caller's to fill in
    Position next_position;
    Incarnation next_incarnation;
    std::vector<StreamRow> changed;
    std::vector<Removal> removed;
    std::vector<Landmark> landmarks;
    std::unordered_map<std::uint64_t, std::uint64_t> orphan_bytes;  ///< per segment: records of streams no longer known
};

struct SegmentUse {
    std::uint64_t number = 0;
    std::uint64_t generation = 0;
    std::uint64_t bytes = 0;       ///< of records with messages
    std::uint64_t dead_bytes = 0;  ///< of those, what belongs to no stream any more
};

/// The new contents of a rewritten segment.
struct RewrittenSegment {
    std::uint64_t number = 0;
    std::uint64_t generation = 0;
    std::uint64_t bytes = 0;
    std::vector<std::pair<Incarnation, std::vector<ChunkRef>>> chunks;
    std::vector<Landmark> landmarks;
    std::vector<Incarnation> dead_creations;  ///< creations that it still holds, of streams deleted elsewhere
};

/// index.db: the log's first projection, written behind it. May be deleted at any time; it is rebuilt from the log.
///
/// `save` and `replace_segment` are called by one thread at a time; everything else from any thread. All throw
/// StorageError when SQLite fails or the contents make no sense.
class IndexDb {
public:
    /// Opens or creates the index; empty path: in memory. Throws StorageError when the file is not a sound index of
    /// this format: the caller then deletes it (`discard`) and rebuilds.
    explicit IndexDb(std::filesystem::path file);
    ~IndexDb();

    /// Removes the files of an index that is not open. Throws StorageError.
    static void discard(const std::filesystem::path& file);

    struct Head {
        log::Place covered;
        std::uint64_t covered_epoch = 0;
        Position next_position;
        Incarnation next_incarnation;
    };
    [[nodiscard]] Head head() const;

    [[nodiscard]] std::optional<StreamRow> find(const std::string& path);
    [[nodiscard]] std::optional<StreamRow> find(Incarnation incarnation);
    [[nodiscard]] std::optional<ProducerState> find_producer(Incarnation incarnation, const std::string& id);

    /// Rows that hold data at or after `from`, ascending, at most `limit`.
    [[nodiscard]] std::vector<Extent> extents_from(Incarnation incarnation, Offset from, std::size_t limit);
    /// Rows that hold data before `before`, descending, at most `limit`.
    [[nodiscard]] std::vector<Extent> extents_before(Incarnation incarnation, Offset before, std::size_t limit);

    /// Of all its records that are in the index.
    [[nodiscard]] std::uint64_t stored_bytes(Incarnation incarnation);

    /// The last landmark at or before `position`.
    [[nodiscard]] std::optional<Landmark> landmark(Position position);

    /// Streams by path, after `after`, soft-deleted ones included.
    [[nodiscard]] std::vector<StreamRow> list(const std::string& prefix, const std::string& after, std::size_t limit);
    /// Their paths alone.
    [[nodiscard]] std::vector<std::string> paths(const std::string& after, std::size_t limit);
    /// Live streams whose deadline, as far as the index knows, has passed.
    [[nodiscard]] std::vector<Incarnation> due(std::int64_t now_wall_ms, std::size_t limit);

    [[nodiscard]] std::vector<SegmentUse> segments();
    [[nodiscard]] std::uint64_t stream_count();
    /// The segment that may still hold the creation of this deleted stream, so that its deletion must be kept.
    [[nodiscard]] std::optional<std::uint64_t> creation_of_deleted(Incarnation incarnation);

    /// `generation_of(segment)`: of the segment's current file.
    void save(const Checkpoint& checkpoint, const std::function<std::uint64_t(std::uint64_t)>& generation_of);
    void replace_segment(const RewrittenSegment& segment);

private:
    struct Connection;
    /// A connection for reading, given back at the end of the scope.
    class Lease;
    [[nodiscard]] Lease lease();
    [[nodiscard]] bool in_memory() const noexcept { return file_.empty(); }

    std::filesystem::path file_;
    std::unique_ptr<Connection> writer_;
    mutable std::mutex writer_mutex_;  ///< guards the writer's connection
    std::mutex pool_mutex_;
    std::vector<std::unique_ptr<Connection>> pool_;
    std::size_t connections_ = 0;  ///< in the pool and lent
};

}  // namespace foldback::index
