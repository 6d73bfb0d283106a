#include <algorithm>
#include <mutex>

#include "store/reader.hpp"

/// Where a stream's data lies: the newest records in memory, all older ones in the index.
namespace foldback {
namespace {

/// Rows of extents fetched at once: a row holds up to 512 records.
constexpr std::size_t rows_per_query = 32;

}  // namespace

std::optional<LocatedChunk> Reader::locate_in_index(const index::ChunkRef& ref, std::uint64_t generation) const {
    auto segment = log_.segment(ref.segment, generation);
    if (!segment) return std::nullopt;
    return LocatedChunk{ref, std::move(segment)};
}

std::vector<LocatedChunk> Reader::locate(Incarnation owner, Offset from, Offset to, std::size_t max_bytes) {
    std::vector<LocatedChunk> found;
    const auto stream = catalog_.find(owner);
    if (!stream) return found;
    std::size_t bytes = 0;
    {
        const std::shared_lock lock(catalog_.mutex());
        const auto& chunks = stream->chunks;
        if (!chunks.empty() && chunks.front().first <= from) {
            auto at =
                std::upper_bound(chunks.begin(), chunks.end(), from,
                                 [](Offset offset, const index::ChunkRef& chunk) { return offset < chunk.first; });
            for (--at; at != chunks.end() && at->first < to && bytes < max_bytes; ++at) {
                if (at->end() <= from) continue;
                found.push_back({*at, log_.segment(at->segment)});
                bytes += at->length;
            }
            return found;
        }
    }
    for (const auto& row : index_.extents_from(owner, from, rows_per_query)) {
        for (const auto& ref : index::unpack(row)) {
            if (ref.end() <= from) continue;
            if (ref.first >= to || bytes >= max_bytes) return found;
            auto located = locate_in_index(ref, row.generation);
            if (!located) return found;
            found.push_back(*std::move(located));
            bytes += ref.length;
        }
    }
    return found;
}

std::vector<LocatedChunk> Reader::locate_before(Incarnation owner, Offset before, Offset from, std::size_t max_bytes) {
    std::vector<LocatedChunk> found;
    const auto stream = catalog_.find(owner);
    if (!stream) return found;
    std::size_t bytes = 0;
    {
        const std::shared_lock lock(catalog_.mutex());
        const auto& chunks = stream->chunks;
        if (!chunks.empty() && chunks.front().first < before) {
            for (auto at = chunks.rbegin(); at != chunks.rend() && at->end() > from && bytes < max_bytes; ++at) {
                if (at->first >= before) continue;
                found.push_back({*at, log_.segment(at->segment)});
                bytes += at->length;
            }
            return found;
        }
    }
    for (const auto& row : index_.extents_before(owner, before, 2)) {
        const auto refs = index::unpack(row);
        for (auto ref = refs.rbegin(); ref != refs.rend(); ++ref) {
            if (ref->first >= before) continue;
            if (ref->end() <= from || bytes >= max_bytes) return found;
            auto located = locate_in_index(*ref, row.generation);
            if (!located) return found;
            found.push_back(*std::move(located));
            bytes += ref->length;
        }
    }
    return found;
}

}  // namespace foldback
