#include "store/chunk_loader.hpp"

namespace foldback {
namespace {

/// Neighbours in a segment are read in one piece when they are not further apart than this, …
constexpr std::uint32_t bridged_gap_bytes = 4096;
/// … and the piece does not grow beyond this.
constexpr std::uint64_t piece_bytes = 1 << 20;
/// From this size on a piece is of the pool.
constexpr std::size_t pooled_from_bytes = 64 << 10;

std::size_t piece_end(std::span<const LocatedChunk> chunks, std::size_t begin) {
    const auto& first = chunks[begin];
    auto end = begin + 1;
    std::uint64_t reached = std::uint64_t{first.ref.byte} + first.ref.length;
    while (end < chunks.size()) {
        const auto& next = chunks[end];
        const bool near =
            next.segment == first.segment && next.ref.byte >= reached && next.ref.byte - reached <= bridged_gap_bytes;
        if (!near || next.ref.byte + std::uint64_t{next.ref.length} - first.ref.byte > piece_bytes) break;
        reached = std::uint64_t{next.ref.byte} + next.ref.length;
        ++end;
    }
    return end;
}

std::optional<log::MessagesAppended> checked(std::string_view bytes, const index::ChunkRef& ref) {
    const auto view = log::decode_record(bytes, true);
    if (!view || view->bytes.size() != ref.length || view->type != log::RecordType::messages_appended)
        return std::nullopt;
    auto record = log::decode_appended(*view);
    if (!record || record->first != ref.first || record->extent != ref.extent || record->payload_dropped)
        return std::nullopt;
    return record;
}

}  // namespace

std::shared_ptr<char[]> take_piece(const std::shared_ptr<log::BlockPool>& memory, std::size_t size) {
    if (size < pooled_from_bytes) return std::shared_ptr<char[]>(new char[size]);
    const auto lent = log::BlockPool::lend(memory, size);
    return {lent, reinterpret_cast<char*>(lent->data())};
}

std::vector<log::MessagesAppended> load_chunks(std::span<const LocatedChunk> chunks, Incarnation owner,
                                               const log::Log& log, const std::shared_ptr<log::BlockPool>& memory,
                                               std::vector<std::shared_ptr<const void>>& owners) {
    std::vector<log::MessagesAppended> records;
    records.reserve(chunks.size());
    for (std::size_t begin = 0; begin < chunks.size();) {
        const auto end = piece_end(chunks, begin);
        const auto& first = chunks[begin];
        const auto size = chunks[end - 1].ref.byte + std::size_t{chunks[end - 1].ref.length} - first.ref.byte;
        const auto piece = take_piece(memory, size);
        first.segment->read(first.ref.byte, std::as_writable_bytes(std::span(piece.get(), size)));
        for (auto at = begin; at < end; ++at) {
            const auto& ref = chunks[at].ref;
            auto record = checked({piece.get() + (ref.byte - first.ref.byte), ref.length}, ref);
            if (!record || record->incarnation != owner) {
                if (log.segment(ref.segment) != first.segment) return {};
                throw StorageError("the record at byte " + std::to_string(ref.byte) + " of segment " +
                                   std::to_string(ref.segment) + " is damaged");
            }
            records.push_back(*std::move(record));
        }
        owners.push_back(piece);
        begin = end;
    }
    return records;
}

}  // namespace foldback
