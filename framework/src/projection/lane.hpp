#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "foldback/store/stream_store.hpp"

namespace foldback::projection {

/// Something that is done step by step, on a thread of its own or on the caller's, and that others may interrupt
/// between two steps.
class Lane {
public:
    /// What to do after a step.
    struct Next {
        bool again = false;                ///< there is more to do now
        std::optional<Position> feed{};    ///< otherwise: when the store's tail is beyond this
        std::chrono::nanoseconds rest{0};  ///< and not before this has gone by, unless somebody wakes the lane
        bool poll = false;                 ///< otherwise: when the clock says so, which must be asked
    };

    /// `step` runs under `hold()`. `after` runs after each step, without it.
    Lane(StreamStore& store, std::function<Next()> step, std::function<void()> after);
    ~Lane() { stop(); }
    Lane(const Lane&) = delete;
    Lane& operator=(const Lane&) = delete;

    void start();
    /// Lets the step under way finish and joins the thread.
    void stop();
    [[nodiscard]] bool running() const noexcept { return thread_.joinable(); }
    /// Steps again soon, whatever it waits for.
    void wake() { signal_->raise(); }
    /// One step on the calling thread; true when there is more to do now.
    bool step_once();

    /// Keeps steps from running, for as long as it is held. Goes before the next step of the thread.
    [[nodiscard]] std::unique_lock<std::mutex> hold();

private:
    /// Shared with the store's watch, whose callback may come after the lane is gone.
    struct Signal {
        std::mutex mutex;
        std::condition_variable changed;
        bool raised = false;
        void raise();
    };

    void run();
    Next step();
    void wait(const Next& next);

    StreamStore& store_;
    std::function<Next()> step_;
    std::function<void()> after_;
    std::mutex turn_;
    std::atomic<int> callers_{0};
    std::atomic<bool> stopping_{false};
    std::shared_ptr<Signal> signal_ = std::make_shared<Signal>();
    std::thread thread_;
};

}  // namespace foldback::projection
