#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace orders::api {

/// Threads for work that waits: for the disk, for a read model. A bounded queue.
class Workers {
public:
    Workers(std::size_t threads, std::size_t max_queued);
    /// Does what is queued, then joins.
    ~Workers();
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    /// False, and nothing happens, when the queue is full. `work` must not throw.
    [[nodiscard]] bool post(std::function<void()> work);

private:
    void run();

    const std::size_t max_queued_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> queue_;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace orders::api
