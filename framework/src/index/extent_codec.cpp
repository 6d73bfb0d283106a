#include "index/extent_codec.hpp"

#include "foldback/store/errors.hpp"
#include "log/record.hpp"

namespace foldback::index {
namespace {

/// Gaps are zigzag-coded: after a rewriting, records of one stream keep their order, but their places may not ascend.
std::uint64_t zigzag(std::int64_t value) noexcept {
    return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

std::int64_t unzigzag(std::uint64_t value) noexcept {
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

void append_entry(const ChunkRef& chunk, std::uint64_t& next_byte, std::uint64_t& next_position, std::string& out) {
    log::put_varint(zigzag(static_cast<std::int64_t>(chunk.byte) - static_cast<std::int64_t>(next_byte)), out);
    log::put_varint(chunk.length, out);
    log::put_varint(chunk.extent, out);
    log::put_varint(chunk.first_position.value - next_position, out);
    next_byte = std::uint64_t{chunk.byte} + chunk.length;
    next_position = chunk.first_position.value;
}

}  // namespace

std::vector<Extent> pack(Incarnation incarnation, std::span<const ChunkRef> chunks,
                         const std::function<std::uint64_t(std::uint64_t)>& generation_of) {
    std::vector<Extent> extents;
    std::uint64_t next_byte = 0;
    std::uint64_t next_position = 0;
    for (const auto& chunk : chunks) {
        const bool begins_row = extents.empty() || extents.back().segment != chunk.segment ||
                                extents.back().entries == Extent::max_entries || extents.back().end != chunk.first;
        if (begins_row) {
            extents.push_back({.incarnation = incarnation,
                               .first = chunk.first,
                               .end = chunk.first,
                               .segment = chunk.segment,
                               .generation = generation_of(chunk.segment),
                               .encoded = {}});
            next_byte = 0;
            next_position = 0;
        }
        auto& row = extents.back();
        append_entry(chunk, next_byte, next_position, row.encoded);
        row.end = chunk.end();
        row.bytes += chunk.length;
        ++row.entries;
    }
    return extents;
}

std::vector<ChunkRef> unpack(const Extent& extent) {
    std::vector<ChunkRef> chunks;
    chunks.reserve(extent.entries);
    std::string_view in = extent.encoded;
    std::uint64_t next_byte = 0;
    std::uint64_t next_position = 0;
    auto next_offset = extent.first;
    for (std::uint32_t entry = 0; entry < extent.entries; ++entry) {
        const auto gap = log::take_varint(in);
        const auto length = log::take_varint(in);
        const auto size = log::take_varint(in);
        const auto position_gap = log::take_varint(in);
        if (!position_gap || *length > UINT32_MAX) throw StorageError("index.db: a row of extents is malformed");
        const auto byte = static_cast<std::uint64_t>(static_cast<std::int64_t>(next_byte) + unzigzag(*gap));
        chunks.push_back({.first = next_offset,
                          .first_position = {next_position + *position_gap},
                          .extent = *size,
                          .segment = static_cast<std::uint32_t>(extent.segment),
                          .byte = static_cast<std::uint32_t>(byte),
                          .length = static_cast<std::uint32_t>(*length)});
        next_byte = byte + *length;
        next_position = chunks.back().first_position.value;
        next_offset = chunks.back().end();
    }
    if (next_offset != extent.end) throw StorageError("index.db: a row of extents does not end where it says");
    return chunks;
}

}  // namespace foldback::index
