#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "foldback/store/stream_store.hpp"

namespace foldback {

/// Who waits for new data. All members may be called from any thread; callbacks run on the caller's, without locks.
class Watchers {
public:
    Watchers() : shared_(std::make_shared<Shared>()) {}

    struct Registered {
        Watch watch;
        std::uint64_t id = 0;
    };
    /// The caller checks afterwards whether it is already so and, if it is, calls `fire`.
    [[nodiscard]] Registered add(const std::string& path, Offset beyond, std::function<void()> changed);
    [[nodiscard]] Registered add_feed(Position beyond, std::function<void()> changed);
    void fire(const std::string& path, std::uint64_t id);
    void fire_feed(std::uint64_t id);

    /// The stream's tail is `tail` now; `over`: it is closed, deleted or expired, and all its watchers are told.
    void notify(const std::string& path, Offset tail, bool over);
    void notify_feed(Position tail);

    [[nodiscard]] std::size_t count() const noexcept { return shared_->count.load(std::memory_order_relaxed); }

private:
    struct Waiter {
        std::uint64_t beyond = 0;
        std::function<void()> changed;
    };
    using Waiters = std::unordered_map<std::uint64_t, Waiter>;
    struct Shared {
        std::mutex mutex;
        std::unordered_map<std::string, Waiters> by_path;
        Waiters feed;
        std::uint64_t next_id = 1;
        std::atomic<std::size_t> count{0};
    };
    static std::function<void()> take(Shared& shared, const std::string& path, std::uint64_t id);
    static std::function<void()> take_feed(Shared& shared, std::uint64_t id);
    static void take_due(Shared& shared, Waiters& waiters, std::uint64_t tail, bool over,
                         std::vector<std::function<void()>>& due);

    std::shared_ptr<Shared> shared_;
};

}  // namespace foldback
