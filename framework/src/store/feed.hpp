#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "foldback/store/stream_store.hpp"
#include "index/catalog.hpp"
#include "log/log.hpp"

namespace foldback {

/// Reads of the whole store in commit order. Any thread.
class FeedReader {
public:
    FeedReader(index::Catalog& catalog, index::IndexDb& index, log::Log& log)
        : catalog_(catalog), index_(index), log_(log) {}

    [[nodiscard]] FeedPage read(const FeedRequest& request);

private:
    /// A commit at or before which the position lies.
    [[nodiscard]] index::Landmark landmark(Position position);
    /// Empty: the landmark's segment was rewritten since.
    [[nodiscard]] std::optional<FeedPage> read_from(const index::Landmark& landmark, const FeedRequest& request,
                                                    log::Place end, Position tail);

    index::Catalog& catalog_;
    index::IndexDb& index_;
    log::Log& log_;
};

}  // namespace foldback
