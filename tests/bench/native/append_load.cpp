#include "append_load.hpp"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <latch>
#include <thread>

#include "rows.hpp"

namespace bench {

using namespace foldback;

Messages batch_of(std::size_t count) {
    const auto event = R"({"type":"OrderPlaced","version":2,"data":{"customer":")" + std::string(140, 'c') + R"("}})";
    const std::vector<std::string> events(count, event);
    return Messages::trusted_json(std::span(events));
}

std::vector<StreamPath> make_streams(LogStore& store, const std::string& prefix, int count) {
    std::vector<StreamPath> streams;
    for (int i = 0; i < count; ++i) {
        streams.emplace_back(prefix + std::to_string(i));
        (void)store.create({.stream = streams.back(), .config = {.content_type = "application/json"}}).value();
    }
    return streams;
}

Throughput appends(LogStore& store, std::span<const StreamPath> streams, const Messages& messages, double for_seconds) {
    std::atomic<std::uint64_t> done{0};
    std::atomic<bool> stop{false};
    std::latch finished(static_cast<std::ptrdiff_t>(streams.size()));
    const auto before = store.stats();
    std::function<void(std::size_t)> next = [&](std::size_t index) {
        store.append({.stream = streams[index], .messages = messages}, [&, index](const Result<Appended>& outcome) {
            if (!outcome) std::abort();
            done.fetch_add(1, std::memory_order_relaxed);
            if (stop.load(std::memory_order_relaxed)) {
                finished.count_down();
            } else {
                next(index);
            }
        });
    };
    const auto elapsed = seconds([&] {
        for (std::size_t index = 0; index < streams.size(); ++index) next(index);
        std::this_thread::sleep_for(std::chrono::duration<double>(for_seconds));
        stop = true;
        finished.wait();
    });
    const auto commits = static_cast<double>(store.stats().commits - before.commits);
    const auto count = static_cast<double>(done.load());
    // What a record takes in the log beyond its payload: header, fixed fields, sizes, padding (docs/store-format.md).
    const auto record_bytes = static_cast<double>(messages.joined().size() + messages.count() * 2 + 52);
    return {.appends_per_second = count / elapsed,
            .group_bytes = 56 + record_bytes * count / commits,
            .group_size = count / commits};
}

}  // namespace bench
