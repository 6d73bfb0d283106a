#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "store/commit_draft.hpp"
#include "store/distribution_counter.hpp"
#include "store/replication.hpp"
#include "store/watchers.hpp"

namespace foldback {

/// A write waiting for its commit.
class QueuedWrite {
public:
    virtual ~QueuedWrite() = default;
    [[nodiscard]] virtual std::size_t bound() const = 0;
    /// Whether it may use the space kept for getting out of a full disk.
    [[nodiscard]] virtual bool frees_space() const = 0;
    virtual void decide(CommitDraft& draft) = 0;
    /// As it was decided.
    [[nodiscard]] virtual bool is_refused() const = 0;
    virtual void refuse(const Refused& refused) = 0;
    /// Reports the outcome; called once, after the flush.
    virtual void complete() = 0;
};

/// Group commit: whatever was queued while the last flush ran goes into the next commit.
class Writer {
public:
    Writer(index::Catalog& catalog, log::Log& log, Watchers& watchers, const LogStoreOptions& options)
        : catalog_(catalog),
          log_(log),
          watchers_(watchers),
          options_(options),
          draft_(catalog, *options.clock, options) {}

    /// From now on commits go to a log that other nodes share. Before anything else.
    void share(std::shared_ptr<SharedLog> shared);

    /// Refuses at once (busy, stopped, broken), on the calling thread, when it cannot be queued.
    void submit(std::unique_ptr<QueuedWrite> write);

    /// Commits one group, and folds what other nodes committed; false when there was neither. One thread at a time.
    bool commit_some();

    /// Blocks until something is queued or to be looked at, or `stop` was called; false after `stop`.
    bool wait();

    /// There may be commits of other nodes. Any thread.
    void look();
    /// Waits until what other nodes had acknowledged before this call is folded, or the shared log turns out to be away. Any
    /// thread but the writer's.
    void wait_for_news();
    /// Folds what other nodes have committed, on the thread that calls `commit_some`. Throws StorageError.
    bool catch_up();

    /// Refuses everything queued and to come with `stopped`.
    void stop();

    [[nodiscard]] bool broken() const noexcept { return broken_.load(); }
    [[nodiscard]] std::uint64_t commits() const noexcept { return commits_.load(); }
    [[nodiscard]] std::uint64_t messages() const noexcept { return messages_.load(); }
    [[nodiscard]] std::uint64_t committed_bytes() const noexcept { return committed_bytes_.load(); }
    [[nodiscard]] Distribution commit_messages() const noexcept { return commit_messages_.read(); }
    [[nodiscard]] Distribution flush_us() const noexcept { return flush_us_.read(); }
    /// Called on the writer's thread after each durable commit.
    std::function<void()> on_commit = [] {};

private:
    using Group = std::vector<std::unique_ptr<QueuedWrite>>;

    [[nodiscard]] bool take_group(std::size_t& bytes);
    /// Drops (and refuses) the writes that must wait for space; false when nothing is left.
    bool make_room(std::size_t bytes);
    void decide_group(std::size_t bytes);
    void write_and_publish();
    void publish(const log::CommitView& commit, std::span<const index::PlainAppend> known);
    bool commit_shared();
    void take_turn();
    [[nodiscard]] bool has_queued();
    void decide_and_share(std::size_t bytes);
    [[nodiscard]] bool append_shared();
    /// Does what may need the shared log. When that turns out to be away nothing is idle (see Catalog::hold_idling).
    template <class Work>
    auto trying(Work work);
    /// Does what certainly needs the shared log, and so ends the hold when it is done.
    template <class Work>
    auto reaching(Work work);
    /// `reason` is what becomes of the group.
    void break_down(const std::string& why, Refusal reason = Refusal::broken);
    void refuse_all(Group& writes, const Refused& refused);
    /// Leaves it empty. What a completion calls may commit the next group.
    void complete_all(Group& writes);

    index::Catalog& catalog_;
    log::Log& log_;
    Watchers& watchers_;
    const LogStoreOptions& options_;
    CommitDraft draft_;
    std::unique_ptr<Replication> replication_;  ///< null: the log is this store's own
    Barrier barrier_;
    Group group_;
    std::vector<index::StreamRef> changed_;

    std::mutex mutex_;
    std::condition_variable queued_;
    Group queue_;
    std::size_t taken_ = 0;  ///< of queue_, already committed
    std::size_t queued_bytes_ = 0;
    bool stopped_ = false;
    bool look_is_due_ = false;
    std::atomic<bool> broken_{false};
    std::atomic<std::uint64_t> commits_{0};
    std::atomic<std::uint64_t> messages_{0};
    std::atomic<std::uint64_t> committed_bytes_{0};
    DistributionCounter commit_messages_;
    DistributionCounter flush_us_;
};

}  // namespace foldback
