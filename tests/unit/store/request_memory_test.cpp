#include "store/request_memory.hpp"

#include <cstring>
#include <set>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

using foldback::RequestMemory;

namespace {

constexpr auto block_bytes = RequestMemory::block_bytes;

std::vector<void*> take(std::size_t count, std::size_t bytes = block_bytes) {
    std::vector<void*> blocks;
    for (std::size_t i = 0; i < count; ++i) {
        blocks.push_back(RequestMemory::take(bytes));
        std::memset(blocks.back(), static_cast<int>(i), bytes);
    }
    return blocks;
}

void give_back(const std::vector<void*>& blocks, std::size_t bytes = block_bytes) {
    for (auto* block : blocks) RequestMemory::give_back(block, bytes);
}

template <class Work>
void on_another_thread(Work work) {
    std::thread(work).join();
}

}  // namespace

TEST_CASE("no two requests that live at a time share memory, however it came back") {
    for (const std::size_t count : std::initializer_list<std::size_t>{1, 63, 64, 65, 200, 5000}) {
        CAPTURE(count);
        const auto first = take(count);
        CHECK(std::set<void*>(first.begin(), first.end()).size() == count);
        give_back(first);
        const auto again = take(count + 1, block_bytes / 2);
        CHECK(std::set<void*>(again.begin(), again.end()).size() == count + 1);
        give_back(again, block_bytes / 2);
    }
}

TEST_CASE("what one thread takes another may give back") {
    std::vector<void*> blocks;
    for (int round = 0; round < 3; ++round) {
        on_another_thread([&] { blocks = take(1000); });
        CHECK(std::set<void*>(blocks.begin(), blocks.end()).size() == blocks.size());
        on_another_thread([&] { give_back(blocks); });
    }
}

TEST_CASE("threads take and give back at the same time") {
    std::vector<std::thread> threads;
    for (unsigned char mark = 1; mark <= 4; ++mark) {
        threads.emplace_back([mark] {
            for (int round = 0; round < 500; ++round) {
                const auto blocks = take(150);
                for (auto* block : blocks) std::memset(block, mark, block_bytes);
                for (const auto* block : blocks) {
                    const auto* bytes = static_cast<const unsigned char*>(block);
                    if (bytes[0] != mark || bytes[block_bytes - 1] != mark) FAIL("somebody else wrote there");
                }
                give_back(blocks);
            }
        });
    }
    for (auto& thread : threads) thread.join();
}

TEST_CASE("a request larger than a block gets its memory, too") {
    const auto large = take(3, 10 * block_bytes);
    give_back(large, 10 * block_bytes);
    const auto usual = take(3);
    give_back(usual);
}
