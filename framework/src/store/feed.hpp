#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "foldback/store/stream_store.hpp"
#include "index/catalog.hpp"
#include "log/aligned_blocks.hpp"
#include "log/log.hpp"

namespace foldback {

/// Reads of the whole store in commit order. Any thread.
class FeedReader {
public:
    FeedReader(index::Catalog& catalog, index::IndexDb& index, log::Log& log)
        : catalog_(catalog), index_(index), log_(log) {}

    [[nodiscard]] FeedPage read(const FeedRequest& request);

private:
    /// Where the store's data ends, and the file, as it is now, of the segment in which that is.
    struct End {
        log::Place place;
        Position tail;
        std::shared_ptr<const log::Segment> segment;
    };

    /// A commit at or before which the position lies.
    [[nodiscard]] index::Landmark landmark(Position position);
    /// Empty: the segment of the landmark, or that of the end, was rewritten since.
    [[nodiscard]] std::optional<FeedPage> read_from(const index::Landmark& landmark, const FeedRequest& request,
                                                    const End& end);

    /// Of the memory that pages lie in, kept for later ones.
    static constexpr std::size_t max_spare_bytes = 4 << 20;

    index::Catalog& catalog_;
    index::IndexDb& index_;
    log::Log& log_;
    const std::shared_ptr<log::BlockPool> memory_ = std::make_shared<log::BlockPool>(max_spare_bytes);
};

}  // namespace foldback
