#pragma once

#include <cstdint>

namespace foldback {

/// Whether the next segment is to be zero-filled ahead, judged by the commits that went to the last one since the store was opened;
/// until a segment was left, it is.
///
/// Zero-filling spares a flush of small commits the file system's work on extents. Large ones gain little from it, and
/// lose the bandwidth.
class ZeroFill {
public:
    static constexpr std::uint64_t pays_below_bytes = 128 * 1024;

    /// A commit of so many bytes is in that segment.
    void after_commit(std::uint64_t segment, std::uint64_t bytes) noexcept {
        if (segment != segment_ && commits_ > 0) {
            pays_ = bytes_ / commits_ < pays_below_bytes;
            commits_ = bytes_ = 0;
        }
        segment_ = segment;
        ++commits_;
        bytes_ += bytes;
    }
    [[nodiscard]] bool pays() const noexcept { return pays_; }

private:
    std::uint64_t segment_ = 0;
    std::uint64_t commits_ = 0;  ///< in it
    std::uint64_t bytes_ = 0;    ///< of those
    bool pays_ = true;
};

}  // namespace foldback
