#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "foldback/store/stream_store.hpp"
#include "index/catalog.hpp"
#include "log/log.hpp"
#include "store/chunk_loader.hpp"
#include "store/page_filler.hpp"

namespace foldback {

/// Reads of single streams, and what is known of them. Any thread.
class Reader {
public:
    Reader(index::Catalog& catalog, index::IndexDb& index, log::Log& log)
        : catalog_(catalog), index_(index), log_(log) {}

    [[nodiscard]] Result<ReadPage> read(const ReadRequest& request);
    [[nodiscard]] Result<StreamInfo> head(const StreamPath& path);
    [[nodiscard]] Watch keep_alive(const StreamPath& path);
    [[nodiscard]] StreamList list(const ListRequest& request);
    /// As LogStore::stored_bytes.
    [[nodiscard]] std::uint64_t stored_bytes(const StreamPath& path);

private:
    /// Of the memory that long reads lie in, kept for later ones.
    static constexpr std::size_t max_spare_bytes = 16 << 20;

    /// A stream at one moment, and where a read of it begins.
    struct Snapshot {
        Offset start;
        Offset tail;
        Offset first;
        bool closed = false;
        index::StreamRef stream;
    };
    /// Empty: a checkpoint ended meanwhile, and the listing must be made again.
    [[nodiscard]] std::optional<StreamList> try_list(const ListRequest& request);

    [[nodiscard]] Result<Snapshot> snapshot(const ReadRequest& request);
    [[nodiscard]] static Result<Offset> resolve(const index::StreamState& stream, const ReadFrom& from,
                                                Direction direction);
    [[nodiscard]] static ReadPage begin_page(const Snapshot& snapshot);

    /// Fill the page; false when the places of the data changed meanwhile and the read must be made again.
    [[nodiscard]] bool read_forward(const Snapshot& snapshot, const ReadRequest& request, ReadPage& page);
    [[nodiscard]] bool read_backward(const Snapshot& snapshot, const ReadRequest& request, ReadPage& page);

    /// Records of one stream's own data from `from` (and before `to`), ascending, about `max_bytes` of them. Empty: the
    /// places changed meanwhile.
    [[nodiscard]] std::vector<LocatedChunk> locate(Incarnation owner, Offset from, Offset to, std::size_t max_bytes);
    /// The same before `before` (and not wholly before `from`), descending.
    [[nodiscard]] std::vector<LocatedChunk> locate_before(Incarnation owner, Offset before, Offset from,
                                                          std::size_t max_bytes);
    [[nodiscard]] std::optional<LocatedChunk> locate_in_index(const index::ChunkRef& ref,
                                                              std::uint64_t generation) const;

    index::Catalog& catalog_;
    index::IndexDb& index_;
    log::Log& log_;
    const std::shared_ptr<log::BlockPool> memory_ = std::make_shared<log::BlockPool>(max_spare_bytes);
};

[[nodiscard]] StreamInfo info_of(const index::StreamState& stream);

}  // namespace foldback
