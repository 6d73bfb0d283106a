#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "foldback/core/offset.hpp"
#include "foldback/history/fold.hpp"

namespace foldback::history {

/// Copies of a fold at some moments, so that any moment is reached by folding little.
class Checkpoints {
public:
    struct Entry {
        Offset at;
        std::shared_ptr<const Fold> fold;
        std::size_t bytes = 0;
    };

    Checkpoints(std::size_t every, std::size_t max_bytes, Offset first, std::shared_ptr<const Fold> start);

    /// Whether the fold at this moment is worth keeping.
    [[nodiscard]] bool wants(Offset at) const {
        return at > entries_.back().at && (at.value - entries_.front().at.value) % every_ == 0;
    }
    void keep(Offset at, const Fold& fold);

    /// The last one at or before a moment.
    [[nodiscard]] const Entry& before(Offset moment) const;
    [[nodiscard]] const std::vector<Entry>& entries() const noexcept { return entries_; }
    /// Those up to a moment, shared with these.
    [[nodiscard]] Checkpoints up_to(Offset moment) const;

private:
    void thin();

    std::size_t every_;
    std::size_t max_bytes_;
    std::size_t bytes_ = 0;
    std::vector<Entry> entries_;
};

}  // namespace foldback::history
