#pragma once

#include <optional>
#include <stdexcept>

#include "foldback/store/read_page.hpp"

namespace foldback {

/// Thrown by `Sink::flush`: nothing of what was applied since the last flush is there, because somebody else was faster. All of
/// it is applied again at once.
class DeliverAgain : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// One event on its way to a projection. Valid during the call that gets it.
struct Delivery {
    const FeedMessage& message;
    /// The projection has been past this event before: it was reset, moved back or is being rebuilt. Side effects must
    /// not happen again. After a crash an event whose checkpoint was not stored comes again *without* this mark.
    bool replay = false;
    /// What `ProjectionDefinition::prepare` made of the message; null without one.
    const void* prepared = nullptr;
};

/// Where a projection leads when it is not tables of the database that holds its checkpoint: a search index, a cache,
/// another service, a mail gateway.
///
/// Two kinds, told apart by `checkpoint()`:
/// - *At least once* (as it is here): the runner stores the checkpoint in its database after `flush` returned. A crash
///   between the two delivers those events again, so `apply` must be idempotent (by stream and offset, or by
///   position). So may an event that failed while others of its batch did not.
/// - *Exactly once*: the sink overrides `checkpoint()` and stores the position given to `flush` together with what it
///   applied, in one step. The runner then believes the sink's checkpoint and not its own. `discard` must undo what
///   was applied since the last `flush`.
///
/// `apply` is called on up to `parallelism` threads at once, for different keys; the other members on one.
class Sink {
public:
    virtual ~Sink() = default;

    /// Applies one event. An exception makes it a poison event (see `OnPoison`), except a StorageError: that says that
    /// the target cannot be reached now.
    virtual void apply(const Delivery& delivery) = 0;

    /// Makes everything applied durable. `next` is the checkpoint: one past the last event seen. An exception says that the
    /// target cannot be reached now, and `flush` is tried again later, without `apply`; DeliverAgain, that it must be applied anew
    /// first.
    virtual void flush(Position next) { (void)next; }

    /// Undoes what was applied since the last `flush`. Only called for sinks that keep their checkpoint.
    virtual void discard() {}

    /// The checkpoint that the sink keeps itself, asked once when the projection is added and after `reset`; absent: the
    /// runner keeps it. A sink that keeps it and has none yet says position 0.
    [[nodiscard]] virtual std::optional<Position> checkpoint() { return std::nullopt; }

    /// Throws everything away, before a reset. What it throws goes on to the caller of the reset.
    virtual void reset() {}
};

}  // namespace foldback
