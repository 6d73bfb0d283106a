#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <barrier>
#include <chrono>
#include <thread>

#include "nodes/memory_node.hpp"

namespace foldback::nodes {

TEST_CASE("of reads that come together none waits for a look that nobody takes") {
    using std::chrono::steady_clock;
    constexpr int rounds = 100'000;
    const auto shared = std::make_shared<MemorySharedLog>(std::make_shared<test::SharedCommits>(segment_bytes));
    LogStoreOptions options;
    options.segment_bytes = segment_bytes;
    const auto store = LogStore::over_shared(shared, make_memory_device(), options);
    REQUIRE(store->create({.stream = "a", .config = {.content_type = json_type}}).value().created);
    std::array<steady_clock::duration, 3> longest{};
    std::barrier together(std::ssize(longest));
    {
        std::array<std::jthread, longest.size()> readers;
        for (std::size_t i = 0; i < readers.size(); ++i) {
            readers[i] = std::jthread([&, i] {
                for (int round = 0; round < rounds; ++round) {
                    together.arrive_and_wait();
                    const auto began = steady_clock::now();
                    (void)store->head("a");
                    longest[i] = std::max(longest[i], steady_clock::now() - began);
                }
            });
        }
    }

    for (const auto one : longest) CHECK(one < std::chrono::seconds(4));  // it would be 5
}

}  // namespace foldback::nodes
