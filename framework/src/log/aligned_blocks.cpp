#include "log/aligned_blocks.hpp"

#include <algorithm>

#include "log/bytes.hpp"

namespace foldback::log {

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
