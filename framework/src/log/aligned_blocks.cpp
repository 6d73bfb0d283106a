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

std::shared_ptr<const AlignedBytes> BlockPool::lend(std::shared_ptr<BlockPool> pool, std::size_t size) {
    struct Loan {
        Loan(std::shared_ptr<BlockPool> from, std::size_t wanted)
            : lender(std::move(from)), bytes(lender->take(wanted)) {}
        Loan(const Loan&) = delete;
        Loan& operator=(const Loan&) = delete;
        ~Loan() { lender->give_back(std::move(bytes)); }

        std::shared_ptr<BlockPool> lender;
        AlignedBytes bytes;
    };
    const auto loan = std::make_shared<const Loan>(std::move(pool), size);
    return {loan, &loan->bytes};
}

AlignedBytes BlockPool::take(std::size_t size) {
    const auto step = size > AlignedBytes::huge_page_bytes / 2 ? AlignedBytes::huge_page_bytes : block_bytes;
    const auto wanted = round_up(size, step);
    {
        const std::lock_guard lock(mutex_);
        const auto found = std::find_if(spares_.begin(), spares_.end(), [&](const auto& spare) {
            return spare.size() >= wanted && spare.size() <= 2 * wanted;
        });
        if (found != spares_.end()) {
            auto bytes = std::move(*found);
            spares_.erase(found);
            spare_bytes_ -= bytes.size();
            return bytes;
        }
    }
    return AlignedBytes(wanted);
}

void BlockPool::give_back(AlignedBytes bytes) noexcept {
    const std::lock_guard lock(mutex_);
    if (spares_.size() == max_spares || spare_bytes_ + bytes.size() > max_spare_bytes_) return;
    spare_bytes_ += bytes.size();
    spares_.push_back(std::move(bytes));
}

}  // namespace foldback::log
