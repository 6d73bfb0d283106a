#include "store/writer.hpp"

#include <algorithm>

namespace foldback {
namespace {

/// Space at the end of the last segment that only deletions may use, so that a full disk can be emptied.
constexpr std::size_t deletion_reserve = 64 * 1024;

Refused refused_with(Refusal reason, std::string detail) { return {.reason = reason, .detail = std::move(detail)}; }

}  // namespace

void Writer::submit(std::unique_ptr<QueuedWrite> write) {
    const auto bytes = write->bound();
    std::unique_lock lock(mutex_);
    const auto refuse_now = [&](Refusal reason, const char* detail) {
        lock.unlock();
        write->refuse(refused_with(reason, detail));
        write->complete();
    };
    if (stopped_) return refuse_now(Refusal::stopped, "the store is being closed");
    if (broken_) return refuse_now(Refusal::broken, "the store broke and must be reopened");
    if (queued_bytes_ > 0 && queued_bytes_ + bytes > options_.max_queued_bytes) {
        return refuse_now(Refusal::busy, "too much is waiting to be written");
    }
    queued_bytes_ += bytes;
    const bool was_empty = queue_.size() == taken_;
    queue_.push_back(std::move(write));
    lock.unlock();
    if (was_empty) queued_.notify_one();
}

bool Writer::wait() {
    std::unique_lock lock(mutex_);
    queued_.wait(lock, [&] { return stopped_ || look_is_due_ || taken_ < queue_.size(); });
    return !stopped_;
}

void Writer::stop() {
    Group rest;
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        rest.assign(std::make_move_iterator(queue_.begin() + static_cast<std::ptrdiff_t>(taken_)),
                    std::make_move_iterator(queue_.end()));
        queue_.clear();
        taken_ = 0;
        queued_bytes_ = 0;
    }
    queued_.notify_all();
    barrier_.end(barrier_.begin());
    // Closing a store with nothing queued needs no memory: it may be closed because there is none.
    if (!rest.empty()) refuse_all(rest, refused_with(Refusal::stopped, "the store is being closed"));
}

void Writer::refuse_all(Group& writes, const Refused& refused) {
    for (const auto& write : writes) write->refuse(refused);
    complete_all(writes);
}

void Writer::complete_all(Group& writes) {
    Group ended;
    ended.swap(writes);
    for (const auto& write : ended) write->complete();
    ended.clear();
    if (writes.empty()) writes.swap(ended);  // its memory serves the next group
}

bool Writer::take_group(std::size_t& bytes) {
    const std::lock_guard lock(mutex_);
    look_is_due_ = false;
    bytes = 0;
    while (taken_ < queue_.size()) {
        const auto next = queue_[taken_]->bound();
        if (!group_.empty() && bytes + next > options_.max_commit_bytes) break;
        bytes += next;
        group_.push_back(std::move(queue_[taken_++]));
    }
    queued_bytes_ -= std::min(queued_bytes_, bytes);
    // Not only when none is left: there may always be some that wait.
    if (taken_ >= queue_.size() - taken_) {
        queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(taken_));
        taken_ = 0;
    }
    return !group_.empty();
}

bool Writer::commit_some() {
    if (replication_) return commit_shared();
    std::size_t bytes = 0;
    if (!take_group(bytes)) return false;
    if (broken_) {
        refuse_all(group_, refused_with(Refusal::broken, "the store broke and must be reopened"));
        return true;
    }
    try {
        if (!make_room(bytes)) return true;
        decide_group(bytes);
        if (!draft_.commit().empty()) write_and_publish();
    } catch (const std::exception& error) {
        break_down(error.what());
        return true;
    }
    complete_all(group_);
    return true;
}

bool Writer::make_room(std::size_t bytes) {
    const auto next_incarnation = [&] {
        const std::shared_lock lock(catalog_.mutex());
        return catalog_.next_incarnation();
    };
    try {
        log_.ensure_room(log::commit_header_bytes + bytes + deletion_reserve, next_incarnation());
        return true;
    } catch (const DeviceError& error) {
        if (!error.is_full()) throw;
    }
    const auto freeing =
        std::stable_partition(group_.begin(), group_.end(), [](const auto& write) { return write->frees_space(); });
    Group waiting(std::make_move_iterator(freeing), std::make_move_iterator(group_.end()));
    group_.erase(freeing, group_.end());
    refuse_all(waiting, refused_with(Refusal::full, "no space is left on the device"));
    std::size_t freeing_bytes = log::commit_header_bytes;
    for (const auto& write : group_) freeing_bytes += write->bound();
    if (group_.empty()) return false;
    try {
        log_.ensure_room(freeing_bytes, next_incarnation());
        return true;
    } catch (const DeviceError& error) {
        if (!error.is_full()) throw;
    }
    refuse_all(group_, refused_with(Refusal::full, "no space is left on the device"));
    return false;
}

void Writer::decide_group(std::size_t bytes) {
    draft_.begin(log_.next_position(), log_.room(log::commit_header_bytes + bytes));
    for (const auto& write : group_) write->decide(draft_);
}

void Writer::write_and_publish() {
    const auto timestamp_ms = draft_.timestamp().time_since_epoch().count();
    auto& commit = draft_.commit();
    log::CommitView view;
    view.header.first_position = log_.next_position();
    view.header.timestamp_ms = timestamp_ms;
    view.header.messages = commit.messages();
    {
        const TimedIn timed(flush_us_);
        view.place = log_.write(commit, timestamp_ms);
    }
    view.payload = commit.records();
    publish(view, draft_.plain_appends());
}

void Writer::publish(const log::CommitView& commit, std::span<const index::PlainAppend> known) {
    changed_.clear();
    {
        const std::unique_lock lock(catalog_.mutex());
        // Under the lock: whoever begins to watch after this look finds the new tail when it looks for itself.
        const bool watched = watchers_.count() > 0;
        catalog_.apply(
            commit,
            [&](const index::StreamRef& stream) {
                if (watched) changed_.push_back(stream);
            },
            known);
    }
    if (commit.header.seals) return;
    commits_.fetch_add(1, std::memory_order_relaxed);
    messages_.fetch_add(commit.header.messages, std::memory_order_relaxed);
    committed_bytes_.fetch_add(log::commit_header_bytes + commit.payload.size(), std::memory_order_relaxed);
    commit_messages_.add(commit.header.messages);
    for (const auto& stream : changed_) {
        // Only this thread changes these fields, so it may read them without the lock.
        watchers_.notify(stream->meta->path.text(), stream->tail, stream->closed || stream->life != index::Life::live);
    }
    if (commit.header.messages > 0) watchers_.notify_feed(log_.next_position());
    changed_.clear();
    on_commit();
}

void Writer::break_down(const std::string& why, Refusal reason) {
    broken_ = true;
    if (replication_) catalog_.hold_idling();  // for good
    if (options_.on_broken) options_.on_broken(why);
    refuse_all(group_, refused_with(reason, why));
}

}  // namespace foldback
