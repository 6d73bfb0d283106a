#pragma once

#include <functional>
#include <optional>
#include <unordered_map>

#include "index/catalog.hpp"
#include "log/log.hpp"

namespace foldback {

/// Gives back the space of deleted and truncated data: writes a new generation of a sealed segment that holds only what
/// is still needed, and puts it in the old one's place. Reads go on meanwhile. A crash at any step leaves either the
/// old generation or the new one, whole.
class Rewriter {
public:
    Rewriter(index::Catalog& catalog, index::IndexDb& index, log::Log& log)
        : catalog_(catalog), index_(index), log_(log) {}

    /// Rewrites one segment, which the index covers wholly; returns the bytes it shrank by. `pace` is called with the
    /// bytes read and written since the last call and may wait; returning false gives the rewriting up.
    std::uint64_t rewrite(std::uint64_t number, const std::function<bool(std::uint64_t)>& pace);

    /// Tells the index where the records of a segment lie that was rewritten just before a crash.
    void reindex(const log::Segment& segment);

private:
    struct Fate {
        bool exists = false;
        bool forked = false;  ///< forks may need what the stream itself has given up
        Offset first;
    };
    struct Kept {
        index::RewrittenSegment segment;
        std::unordered_map<std::uint64_t, std::size_t> slot;  ///< incarnation → index in segment.chunks
    };
    [[nodiscard]] const Fate& fate_of(Incarnation incarnation);
    /// What is still needed of one commit.
    struct KeptCommit {
        log::CommitBuilder commit;
        std::vector<std::pair<Incarnation, index::ChunkRef>> chunks;  ///< bytes counted from the commit's
        std::optional<Position> first_position;
        void clear();
        void add_messages(const log::MessagesAppended& record);
    };
    void keep(const log::RecordView& record, std::uint64_t segment, KeptCommit& kept);
    static void note(Kept& kept, Incarnation owner, const index::ChunkRef& ref);
    static void note_landmark(Kept& kept, Position position, log::Place place);

    index::Catalog& catalog_;
    index::IndexDb& index_;
    log::Log& log_;
    std::unordered_map<std::uint64_t, Fate> fates_;
};

}  // namespace foldback
