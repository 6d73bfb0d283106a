#include <cstdint>
#include <cstring>

#include <doctest/doctest.h>

#include "log/aligned_blocks.hpp"

namespace foldback::log::test {

TEST_CASE("what a pool lends is aligned, large enough and not much larger") {
    const auto pool = std::make_shared<BlockPool>(64 << 20);
    for (const std::size_t size : {std::size_t{1}, block_bytes, std::size_t{70'000}, std::size_t{1} << 20,
                                   (std::size_t{1} << 20) + 1, std::size_t{5} << 20}) {
        CAPTURE(size);
        const auto bytes = BlockPool::lend(pool, size);
        CHECK(reinterpret_cast<std::uintptr_t>(bytes->data()) % block_bytes == 0);
        CHECK(bytes->size() >= size);
        CHECK(bytes->size() <= 2 * size + block_bytes);
        std::memset(bytes->data(), 1, bytes->size());
    }
}

TEST_CASE("memory that nobody uses any more is lent again") {
    const auto pool = std::make_shared<BlockPool>(1 << 20);
    auto first = BlockPool::lend(pool, 100'000);
    const auto* const place = first->data();
    const auto second = BlockPool::lend(pool, 100'000);
    CHECK(second->data() != place);

    first.reset();

    CHECK(BlockPool::lend(pool, 90'000)->data() == place);
    // A small need does not hold a large piece.
    CHECK(BlockPool::lend(pool, 10'000)->data() != place);
}

TEST_CASE("a pool keeps no more than it was told to, and may go before what it lent") {
    auto pool = std::make_shared<BlockPool>(0);
    auto bytes = BlockPool::lend(pool, 100'000);
    pool.reset();
    std::memset(bytes->data(), 1, bytes->size());
    bytes.reset();
}

}  // namespace foldback::log::test
