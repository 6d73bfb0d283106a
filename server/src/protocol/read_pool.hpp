#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace foldback::server::protocol {

/// Threads for reads that may have to wait for a disk, which neither the I/O threads nor the store's writer must do. A
/// thread starts when a task finds none idle; destroying the pool runs what is queued and joins them.
///
/// What reads the same thing has the same key, and no key gets more than half of the threads and of the queue's places:
/// when one stream's data does not come, other streams are still read.
class ReadPool {
public:
    struct Limits {
        std::size_t threads = 8;
        std::size_t queued = 1024;
    };

    explicit ReadPool(Limits limits) : limits_(limits) {}
    ReadPool(const ReadPool&) = delete;
    ReadPool& operator=(const ReadPool&) = delete;
    ~ReadPool() { stop(); }

    /// Runs `task`, which throws nothing, on one of the threads. False when the queue is full: it will not run.
    [[nodiscard]] bool run(const std::string& key, std::function<void()> task);

    /// Runs what is queued and ends the threads; from then on nothing runs. Not from one of them.
    void stop();

private:
    struct Task {
        std::string key;
        std::function<void()> work;
    };
    /// Of one key.
    struct Share {
        std::size_t running = 0;
        std::size_t queued = 0;
    };
    using Queue = std::deque<Task>;

    [[nodiscard]] static std::size_t half(std::size_t limit) noexcept { return limit < 2 ? limit : limit / 2; }
    [[nodiscard]] bool add_thread();
    [[nodiscard]] Queue::iterator next();
    void work();

    const Limits limits_;
    std::mutex mutex_;
    std::condition_variable changed_;
    Queue queue_;
    std::unordered_map<std::string, Share> shares_;
    std::size_t idle_ = 0;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace foldback::server::protocol
