#pragma once

#include <cstdint>

#include "foldback/store/distribution.hpp"
#include "foldback/store/stream_store.hpp"

namespace foldback {

struct StoreStats {
    std::uint64_t streams = 0;  ///< existing, soft-deleted ones included
    std::uint64_t resident_streams = 0;
    std::uint64_t watchers = 0;
    std::uint64_t segments = 0;
    std::uint64_t log_bytes = 0;
    std::uint64_t dead_bytes = 0;
    std::uint64_t commits = 0;             ///< since opening
    std::uint64_t committed_bytes = 0;     ///< since opening; what frames the messages included
    std::uint64_t appended_messages = 0;   ///< since opening
    std::uint64_t segments_rewritten = 0;  ///< since opening
    std::uint64_t reclaimed_bytes = 0;     ///< since opening
    Position tail;
    bool broken = false;
    Distribution commit_messages;  ///< messages of each commit since opening
    Distribution flush_us;         ///< microseconds that writing and flushing a commit took, since opening
};

/// A store of this process, which knows what it holds. Any thread.
class MeasuredStore : public StreamStore {
public:
    [[nodiscard]] virtual StoreStats stats() = 0;

    /// Bytes of the records that hold a stream's messages, roughly; of a fork its own. 0 when there is no such stream. May
    /// read the index.
    [[nodiscard]] virtual std::uint64_t stored_bytes(const StreamPath& stream) = 0;

private:
    friend class PartitionedStore;  // makes progress of its own by theirs
};

}  // namespace foldback
