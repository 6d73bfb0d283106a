#include "store/request_memory.hpp"

#include <array>
#include <mutex>
#include <new>
#include <utility>

namespace foldback {
namespace {

/// Blocks that go from thread to thread at once.
constexpr std::size_t chain_length = 64;
/// Chains that are kept for later: 2 MiB.
constexpr std::size_t most_chains = 64;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool reuses_blocks = false;  // so that a request that is used after its end is found
#else
constexpr bool reuses_blocks = true;
#endif

struct Block {
    Block* next;
};

struct Chain {
    Block* first = nullptr;
    std::size_t length = 0;

    void push(void* memory) noexcept {
        first = new (memory) Block{first};
        ++length;
    }
    [[nodiscard]] void* pop() noexcept {
        auto* block = first;
        first = block->next;
        --length;
        return block;
    }
    void free() noexcept {
        while (length > 0) ::operator delete(pop());
    }
};

/// The chains that no thread holds. Lives as long as the process: threads end in any order.
class Exchange {
public:
    static Exchange& instance() {
        static auto* const exchange = new Exchange;
        return *exchange;
    }

    [[nodiscard]] Chain take() noexcept {
        const std::lock_guard lock(mutex_);
        return count_ == 0 ? Chain{} : std::exchange(chains_[--count_], {});
    }
    void give(Chain chain) noexcept {
        {
            const std::lock_guard lock(mutex_);
            if (count_ < most_chains) {
                chains_[count_++] = chain;
                return;
            }
        }
        chain.free();
    }

private:
    std::mutex mutex_;
    std::array<Chain, most_chains> chains_;
    std::size_t count_ = 0;
};

/// What this thread has at hand: up to two chains. Without destructors, for a store may end after the thread's objects did.
constinit thread_local Chain current;
constinit thread_local Chain spare;

void free_at_end_of_thread() noexcept {
    struct Owner {
        ~Owner() {
            current.free();
            spare.free();
        }
    };
    [[maybe_unused]] thread_local const Owner owner;
}

}  // namespace

void* RequestMemory::take(std::size_t bytes) {
    if (!reuses_blocks || bytes > block_bytes) return ::operator new(bytes);
    if (current.length == 0) {
        current = spare.length > 0 ? std::exchange(spare, {}) : Exchange::instance().take();
        if (current.length == 0) return ::operator new(block_bytes);
    }
    return current.pop();
}

void RequestMemory::give_back(void* memory, std::size_t bytes) noexcept {
    if (!reuses_blocks || bytes > block_bytes) return ::operator delete(memory);
    if (current.length == 0) free_at_end_of_thread();
    if (current.length == chain_length) {
        if (spare.length > 0) Exchange::instance().give(spare);
        spare = std::exchange(current, {});
    }
    current.push(memory);
}

}  // namespace foldback
