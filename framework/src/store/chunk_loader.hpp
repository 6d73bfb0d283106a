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

/// Memory of so many bytes, that of a pool where the piece is large: fresh memory of a long read is a page fault every 4 KiB, a
/// quarter of the time of a catch-up over HTTP.
[[nodiscard]] std::shared_ptr<char[]> take_piece(const std::shared_ptr<log::BlockPool>& memory, std::size_t size);

/// Reads records of one stream, neighbours in one piece, and checks each one's CRC, stream and offset. The memory they
/// lie in is added to `owners`. Empty when a segment was rewritten meanwhile; throws StorageError when a record is
/// damaged or the device fails.
[[nodiscard]] std::vector<log::MessagesAppended> load_chunks(std::span<const LocatedChunk> chunks, Incarnation owner,
                                                             const log::Log& log,
                                                             const std::shared_ptr<log::BlockPool>& memory,
                                                             std::vector<std::shared_ptr<const void>>& owners);

}  // namespace foldback
