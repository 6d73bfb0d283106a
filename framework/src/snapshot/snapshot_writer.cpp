#include "foldback/app/snapshot_writer.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace foldback {

struct SnapshotWriter::Impl {
    struct Offered {
        SnapshotKey key;
        Offset offset;
        Timestamp taken_at;
        std::function<std::string()> encode;
    };

    SnapshotStore& store;
    const SnapshotThread who;
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<Offered> waiting;
    bool is_saving = false;
    bool is_stopped = false;
    std::thread thread;
    SnapshotWriterCounters counters;
    std::string last_failure;

    Impl(SnapshotStore& into, SnapshotThread by) : store(into), who(by) {}

    /// The reason of a failure; empty when it was saved.
    std::string save(const Offered& offered) {
        try {
            store.save(offered.key,
                       {.offset = offered.offset, .taken_at = offered.taken_at, .state = offered.encode()});
            return {};
        } catch (const std::exception& error) {
            // A snapshot is a cache: that there is none is no reason to disturb anyone. It is counted.
            return *error.what() != '\0' ? error.what() : "unknown";
        }
    }

    /// Saves the one that waits longest; false when none waits.
    bool save_one(std::unique_lock<std::mutex>& lock) {
        changed.wait(lock, [this] { return !is_saving; });
        if (waiting.empty()) return false;
        auto offered = std::move(waiting.front());
        waiting.pop_front();
        is_saving = true;
        lock.unlock();
        auto failure = save(offered);
        offered.encode = nullptr;
        lock.lock();
        is_saving = false;
        ++(failure.empty() ? counters.saved : counters.failed);
        if (!failure.empty()) last_failure = std::move(failure);
        changed.notify_all();
        return true;
    }

    /// Holding the lock.
    void start() {
        if (thread.joinable()) return;
        try {
            thread = std::thread([this] { run(); });
        } catch (const std::system_error& error) {
            // No thread is to be had: then there are no snapshots. Those who append must not suffer.
            counters.failed += waiting.size();
            waiting.clear();
            last_failure = error.what();
        }
    }

    void run() {
        std::unique_lock lock(mutex);
        while (true) {
            changed.wait(lock, [this] { return is_stopped || !waiting.empty(); });
            if (is_stopped) return;
            (void)save_one(lock);
        }
    }
};

SnapshotWriter::SnapshotWriter(SnapshotStore& store, SnapshotThread thread)
    : impl_(std::make_unique<Impl>(store, thread)) {}

SnapshotWriter::~SnapshotWriter() { stop(); }

void SnapshotWriter::offer(SnapshotKey key, Offset offset, Timestamp taken_at, std::function<std::string()> encode) {
    const std::lock_guard lock(impl_->mutex);
    auto& waiting = impl_->waiting;
    const auto same =
        std::find_if(waiting.begin(), waiting.end(), [&](const auto& other) { return other.key.stream == key.stream; });
    const bool is_late = same != waiting.end() && same->key.incarnation == key.incarnation && same->offset >= offset;
    if (impl_->is_stopped || is_late || (same == waiting.end() && waiting.size() >= max_waiting)) {
        ++impl_->counters.dropped;
        return;
    }
    if (same != waiting.end()) {
        waiting.erase(same);
        ++impl_->counters.dropped;
    }
    waiting.push_back({std::move(key), offset, taken_at, std::move(encode)});
    if (impl_->who == SnapshotThread::own) impl_->start();
    impl_->changed.notify_all();
}

std::size_t SnapshotWriter::write_waiting() {
    std::unique_lock lock(impl_->mutex);
    std::size_t written = 0;
    while (impl_->save_one(lock)) ++written;
    return written;
}

void SnapshotWriter::wait() {
    if (impl_->who == SnapshotThread::caller) {
        (void)write_waiting();
        return;
    }
    std::unique_lock lock(impl_->mutex);
    impl_->changed.wait(lock, [this] { return impl_->waiting.empty() && !impl_->is_saving; });
}

void SnapshotWriter::stop() {
    std::thread thread;
    {
        const std::lock_guard lock(impl_->mutex);
        impl_->is_stopped = true;
        impl_->counters.dropped += impl_->waiting.size();
        impl_->waiting.clear();
        thread = std::move(impl_->thread);
        impl_->changed.notify_all();
    }
    if (thread.joinable()) thread.join();
}

SnapshotWriterCounters SnapshotWriter::counters() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->counters;
}

std::string SnapshotWriter::last_failure() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->last_failure;
}

}  // namespace foldback
