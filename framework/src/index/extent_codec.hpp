#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "index/stream_state.hpp"

namespace foldback::index {

/// A row of the index: up to `max_entries` consecutive records of one stream in one segment.
struct Extent {
    static constexpr std::size_t max_entries = 512;

    Incarnation incarnation;
    Offset first;
    Offset end;
    std::uint64_t segment = 0;
    std::uint64_t generation = 0;
    std::uint64_t bytes = 0;  ///< of the records
    std::uint32_t entries = 0;
    std::string encoded;  ///< per record: gap to the previous record's end, length, extent, gap in positions
};

/// Packs consecutive records of one stream into rows: a new row at each segment and after `max_entries`.
/// `generation_of(segment)` is the generation of the segment's file.
[[nodiscard]] std::vector<Extent> pack(Incarnation incarnation, std::span<const ChunkRef> chunks,
                                       const std::function<std::uint64_t(std::uint64_t)>& generation_of);

/// The records of a row; throws StorageError when it is malformed.
[[nodiscard]] std::vector<ChunkRef> unpack(const Extent& extent);

}  // namespace foldback::index
