#pragma once

#include <memory>
#include <span>
#include <vector>

#include "index/stream_state.hpp"
#include "log/aligned_blocks.hpp"
#include "log/log.hpp"
#include "log/record.hpp"

namespace foldback {

/// A record of messages and the segment object that holds it.
struct LocatedChunk {
    index::ChunkRef ref;
    std::shared_ptr<const log::Segment> segment;
};

/// Reads records of one stream, neighbours in one piece, and checks each one's CRC, stream and offset. The memory they
/// lie in is added to `owners`. Empty when a segment was rewritten meanwhile; throws StorageError when a record is
/// damaged or the device fails.
[[nodiscard]] std::vector<log::MessagesAppended> load_chunks(std::span<const LocatedChunk> chunks, Incarnation owner,
                                                             const log::Log& log,
                                                             const std::shared_ptr<log::BlockPool>& memory,
                                                             std::vector<std::shared_ptr<const void>>& owners);

}  // namespace foldback
