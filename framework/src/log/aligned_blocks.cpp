#include "log/aligned_blocks.hpp"

#include <algorithm>

#include <sys/mman.h>

#include "log/bytes.hpp"

namespace foldback::log {

AlignedBytes::AlignedBytes(std::size_t size) : size_(size) {
    const auto alignment = size >= huge_page_bytes ? huge_page_bytes : block_bytes;
    bytes_.reset(static_cast<std::byte*>(std::aligned_alloc(alignment, round_up(size, alignment))));
    if (!bytes_) throw std::bad_alloc();
    // A wish: without huge pages it is memory like any other.
    if (alignment == huge_page_bytes) (void)::madvise(bytes_.get(), size, MADV_HUGEPAGE);
}

AlignedBytes BlockPool::take(std::size_t size) {
    {
        const std::lock_guard lock(mutex_);
        const auto found =
            std::find_if(spares_.begin(), spares_.end(), [&](const auto& spare) { return spare.size() >= size; });
        if (found != spares_.end()) {
            auto bytes = std::move(*found);
            spares_.erase(found);
            spare_bytes_ -= bytes.size();
            return bytes;
        }
    }
    return AlignedBytes(round_up(size, block_bytes));
}

void BlockPool::give_back(AlignedBytes bytes) noexcept {
    const std::lock_guard lock(mutex_);
    if (spares_.size() == max_spares || spare_bytes_ + bytes.size() > max_spare_bytes_) return;
    spare_bytes_ += bytes.size();
    spares_.push_back(std::move(bytes));
}

}  // namespace foldback::log
