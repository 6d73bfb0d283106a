#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace foldback::server::protocol {

/// A thread for reads that become necessary on the store's writer thread, which must not read. It starts with its
/// first task; destroying the lane runs what is queued and joins it.
class ReadLane {
public:
    explicit ReadLane(std::size_t max_queued) : max_queued_(max_queued) {}
    ReadLane(const ReadLane&) = delete;
    ReadLane& operator=(const ReadLane&) = delete;
    ~ReadLane();

    /// Runs `task`, which throws nothing, on the lane's thread. False when the queue is full: it will not run.
    [[nodiscard]] bool run(std::function<void()> task);

private:
    void work();

    const std::size_t max_queued_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> tasks_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace foldback::server::protocol
