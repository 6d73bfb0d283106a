#include "protocol/read_pool.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace foldback::server::protocol {

void ReadPool::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
}

bool ReadPool::run(const std::string& key, std::function<void()> task) {
    {
        const std::lock_guard lock(mutex_);
        if (stopping_ || queue_.size() >= limits_.queued) return false;
        auto& share = shares_[key];
        if (share.queued >= half(limits_.queued)) return false;
        ++share.queued;
        queue_.push_back({key, std::move(task)});
        if (idle_ < queue_.size() && threads_.size() < limits_.threads && !add_thread()) {
            queue_.pop_back();
            --share.queued;
            return false;
        }
    }
    changed_.notify_one();
    return true;
}

/// False when there is none at all to do the work.
bool ReadPool::add_thread() {
    try {
        threads_.emplace_back([this] { work(); });
    } catch (const std::system_error&) {
    }
    return !threads_.empty();
}

/// The first task whose key has a thread left.
ReadPool::Queue::iterator ReadPool::next() {
    return std::find_if(queue_.begin(), queue_.end(),
                        [&](const Task& task) { return shares_.at(task.key).running < half(limits_.threads); });
}

void ReadPool::work() {
    std::unique_lock lock(mutex_);
    for (;;) {
        ++idle_;
        changed_.wait(lock, [this] { return next() != queue_.end() || (stopping_ && queue_.empty()); });
        --idle_;
        if (queue_.empty()) return;
        const auto chosen = next();
        auto task = std::move(*chosen);
        queue_.erase(chosen);
        auto& share = shares_.at(task.key);
        --share.queued;
        ++share.running;
        lock.unlock();
        task.work();
        task.work = nullptr;  // what it holds may be large, or end something
        lock.lock();
        if (--share.running == 0 && share.queued == 0) shares_.erase(task.key);
        changed_.notify_all();  // a thread of this key is free, or the last task done
    }
}

}  // namespace foldback::server::protocol
