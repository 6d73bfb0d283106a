#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "log/shared_log.hpp"
#include "store/commit_draft.hpp"

namespace foldback {

/// Keeps this node's copy of a shared log in step with it. The writer's thread calls all members but `Barrier`'s.
class Replication {
public:
    using Publish = std::function<void(const log::CommitView&, std::span<const index::PlainAppend>)>;

    /// `publish` folds a commit that is in the copy, and tells who waits for it.
    Replication(std::shared_ptr<SharedLog> shared, log::Log& copy, Publish publish)
        : shared_(std::move(shared)), copy_(copy), publish_(std::move(publish)) {}

    /// Before a group is decided: waits for this node's turn, if others were in the way lately or may be waiting, and unless it has it.
    /// `look`, which is to call `catch_up` and tells what that did, is called while it waits and when the turn has come. Throws
    /// StoreUnavailable.
    void take_turn(const std::function<bool()>& look);
    /// After a group: ends the turn if it has lasted, or nothing more is to be appended.
    void end_group(bool has_more) noexcept;

    /// Appends what was drafted, and publishes it; false when another node's commit has its place. Throws as SharedLog::append
    /// does, and StorageError when the shared log has lost what this node folded.
    [[nodiscard]] bool append(CommitDraft& draft, Incarnation next_incarnation);

    /// Before an answer relies on what is folded alone: returns when all of that is durable. Throws StoreUnavailable.
    void confirm();

    /// Publishes what other nodes have appended; false when there was nothing. Throws StoreUnavailable.
    bool catch_up();

    [[nodiscard]] SharedLog& shared() noexcept { return *shared_; }

private:
    std::shared_ptr<SharedLog> shared_;
    log::Log& copy_;
    Publish publish_;
    unsigned turns_ = 0;   ///< to be taken before it tries without again
    unsigned groups_ = 0;  ///< one after another, in this turn or without one
    bool has_turn_ = false;
    bool is_confirmed_ = false;  ///< what is folded is durable, as this node has appended behind it
};

/// Lets readers wait until what was acknowledged before they came is folded: all that wait share one look at the shared log.
class Barrier {
public:
    using Ticket = std::uint64_t;

    /// Waits for a look that began after this call, at most so long. `wake` makes the writer look.
    void wait(const std::function<void()>& wake, std::chrono::milliseconds at_most);

    /// The writer: what asks from now on is served by the next look, what asked before by the one that begins.
    [[nodiscard]] Ticket begin();
    /// The look that began with that ticket has ended, or cannot be had now.
    void end(Ticket ticket);

private:
    std::mutex mutex_;
    std::condition_variable ended_;
    Ticket asked_ = 0;
    Ticket served_ = 0;
};

}  // namespace foldback
