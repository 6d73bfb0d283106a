#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "log/log.hpp"

namespace foldback {

namespace log {

/// One commit of a shared log, as it lies in the segments of everybody who keeps a copy.
struct SharedCommit {
    Place place;
    std::string_view bytes;                 ///< whole, its header included
    std::optional<SegmentHeader> begins{};  ///< the segment of which it is the first commit
};

/// What is appended at once: all of it or nothing.
struct SharedAppend {
    LastCommit previous;                 ///< what it follows; none at the very beginning
    std::optional<SharedCommit> seal{};  ///< ends the segment before the commit's
    SharedCommit commit;
};

}  // namespace log

/// A shared log does not hold what follows a place: it was moved out, and only the seals of those segments are left, or it is lost.
class CommitsMissing : public StorageError {
public:
    using StorageError::StorageError;
};

/// An ordered log of commits that nodes share: each appends to it, and folds what all have appended.
///
/// `append`, `read`, `confirm` and `holds` are called by one thread at a time, and only they fail for want of what lies behind the log.
/// They throw StoreUnavailable when it cannot be reached within a bounded time; nothing has changed then.
class SharedLog {
public:
    virtual ~SharedLog() = default;

    /// The same for all nodes, and for no other log.
    [[nodiscard]] virtual const log::SharedOrigin& origin() const noexcept = 0;

    enum class Answer : std::uint8_t {
        appended,   ///< durable
        overtaken,  ///< another commit has that place; it can be read
        lost,       ///< what it follows is not in the log any more, though it was
    };
    /// Calls `meanwhile`, which does not throw, when the commit is on its way and time is to be spent until the answer comes; not more
    /// than once. Throws OutcomeUnknown when the commit may or may not be, or come to be, in the log.
    [[nodiscard]] virtual Answer append(const log::SharedAppend& append, const std::function<void()>& meanwhile) = 0;

    /// Waits for this node's turn among those that append at once, a moment at most, so that none of them works in vain again and
    /// again. A courtesy: `append` is right without it, and whoever waited in vain goes on all the same. Calls `meanwhile`, which may
    /// `read`, after each `wake`; what that throws ends the waiting.
    virtual void take_turn(const std::function<void()>& meanwhile) { (void)meanwhile; }
    virtual void end_turn() noexcept {}
    /// Makes who waits in `take_turn` call `meanwhile`; without effect when nobody does. Any thread.
    virtual void wake() noexcept {}

    /// Hands over the commits from a place on, in order and without gaps, up to what was durable when it was called. The views are
    /// valid during the callback. Throws CommitsMissing where there is a gap, after what is before it.
    virtual void read(log::Place from, const std::function<void(const log::SharedCommit&)>& on_commit) = 0;

    /// Returns when what was read is as durable as what is appended: a log that went down may show more than it is going to keep.
    virtual void confirm() {}

    /// Whether the log has this commit.
    [[nodiscard]] virtual bool holds(const log::LastCommit& commit) = 0;

    /// Whether the last call that needed it reached what lies behind the log. Any thread.
    [[nodiscard]] virtual bool reachable() const noexcept = 0;

    /// Calls `news`, on a thread of the log's own, when there may be commits of other nodes, and from time to time, until `unfollow`,
    /// which returns when no call is under way.
    virtual void follow(std::function<void()> news) = 0;
    virtual void unfollow() noexcept = 0;
    /// Tells other nodes, soon, that there is something to read. Never waits, never throws.
    virtual void announce() noexcept = 0;
};

/// The sealed segments of a shared log, as one sees them who moves them elsewhere. One thread at a time; all members throw
/// StoreUnavailable, and then nothing has changed.
class SharedSegments {
public:
    virtual ~SharedSegments() = default;

    /// As SharedLog's.
    [[nodiscard]] virtual const log::SharedOrigin& origin() const noexcept = 0;

    /// Whether this is the one who moves segments: of all nodes one at a time, for as long as it can reach the log.
    [[nodiscard]] virtual bool try_lead() = 0;

    /// The segment that is appended to, behind all sealed ones; 0: nothing was appended yet.
    [[nodiscard]] virtual std::uint64_t last() = 0;
    /// The first segment of which the log holds more than its seal.
    [[nodiscard]] virtual std::uint64_t first_held() = 0;
    /// Of a sealed segment. Throws StorageError when there is none.
    [[nodiscard]] virtual log::LastCommit seal(std::uint64_t number) = 0;
    /// Hands over all commits of a segment that the log holds, in order.
    virtual void read(std::uint64_t number, const std::function<void(const log::SharedCommit&)>& on_commit) = 0;

    /// Removes a segment's commits from the log, but for its seal, from the first to the last, some at a time: where it ends early, the
    /// rest is still there. Nobody can append in their place then or meanwhile.
    virtual void remove(const log::LastCommit& seal) = 0;
};

}  // namespace foldback
