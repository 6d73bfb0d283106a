#include "foldback/app/workflow_timer.hpp"

#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace foldback {

struct WorkflowTimer::Impl {
    std::function<std::size_t()> fire_due;
    WorkflowTimerOptions options;
    mutable std::mutex mutex;  ///< guards what follows
    std::condition_variable stopped;
    bool stopping = false;
    std::uint64_t fired = 0;
    std::string error;
    std::thread thread;  ///< not guarded: for those who start and stop

    void run() {
        std::unique_lock lock(mutex);
        while (!stopping) {
            lock.unlock();
            look();
            lock.lock();
            stopped.wait_for(lock, options.every, [this] { return stopping; });
        }
    }

    void look() {
        std::size_t now_fired = 0;
        std::string problem;
        try {
            now_fired = fire_due();
        } catch (const std::exception& caught) {
            problem = caught.what();
        }
        const std::lock_guard lock(mutex);
        fired += now_fired;
        error = std::move(problem);
    }
};

WorkflowTimer::WorkflowTimer(std::function<std::size_t()> fire_due, WorkflowTimerOptions options)
    : impl_(std::make_unique<Impl>()) {
    if (options.every < std::chrono::milliseconds{1})
        throw std::invalid_argument("a workflow's timer looks every millisecond at most");
    impl_->fire_due = std::move(fire_due);
    impl_->options = options;
    start();
}

WorkflowTimer::~WorkflowTimer() { stop(); }

void WorkflowTimer::start() {
    if (impl_->thread.joinable()) return;
    impl_->stopping = false;
    impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

void WorkflowTimer::stop() {
    if (!impl_->thread.joinable()) return;
    {
        const std::lock_guard lock(impl_->mutex);
        impl_->stopping = true;
    }
    impl_->stopped.notify_all();
    impl_->thread.join();
}

std::uint64_t WorkflowTimer::fired() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->fired;
}

std::string WorkflowTimer::error() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->error;
}

}  // namespace foldback
