#include "projection/lane.hpp"

namespace foldback::projection {
namespace {

/// How often an injected clock is asked whether a retry is due.
constexpr std::chrono::milliseconds poll_every{5};

}  // namespace

void Lane::Signal::raise() {
    {
        const std::lock_guard lock(mutex);
        raised = true;
    }
    changed.notify_all();
}

Lane::Lane(StreamStore& store, std::function<Next()> step, std::function<void()> after)
    : store_(store), step_(std::move(step)), after_(std::move(after)) {}

void Lane::start() {
    if (running()) return;
    stopping_ = false;
    thread_ = std::thread([this] { run(); });
}

void Lane::stop() {
    if (!running()) return;
    stopping_ = true;
    signal_->raise();
    thread_.join();
}

std::unique_lock<std::mutex> Lane::hold() {
    ++callers_;
    std::unique_lock lock(turn_);
    if (--callers_ == 0) callers_.notify_all();
    return lock;
}

bool Lane::step_once() { return step().again; }

Lane::Next Lane::step() {
    Next next;
    {
        const std::lock_guard lock(turn_);
        next = step_();
    }
    after_();
    return next;
}

void Lane::run() {
    while (!stopping_) {
        // A mutex is not fair: without this the thread would take its turn again before those who wait wake up.
        for (int waiting = callers_; waiting != 0; waiting = callers_) callers_.wait(waiting);
        const auto next = step();
        if (!next.again) wait(next);
    }
}

void Lane::wait(const Next& next) {
    Watch watch;
    const auto raised = [&] { return signal_->raised; };
    std::unique_lock lock(signal_->mutex);
    // Without a watch, so that those who append are spared waking a thread that rests.
    if (next.rest.count() > 0) signal_->changed.wait_for(lock, next.rest, raised);
    if (next.feed && !signal_->raised) {
        lock.unlock();
        watch = store_.watch_feed(*next.feed, [signal = signal_] { signal->raise(); });
        lock.lock();
    }
    if (next.poll) {
        signal_->changed.wait_for(lock, poll_every, raised);
    } else {
        signal_->changed.wait(lock, raised);
    }
    signal_->raised = false;
}

}  // namespace foldback::projection
