#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "foldback/core/metadata.hpp"

namespace foldback {

/// How a command is carried out.
struct TransactOptions {
    /// Goes with every event. An empty `metadata.command` becomes `command_id`.
    Metadata metadata{};
    /// Makes the command idempotent: of all commands with this id only the first answer counts. It is stored in one commit
    /// with the events, so that the id given again (after a crash, at the same time, long after) yields that answer, marked as
    /// a duplicate, and no second event. Appended, nothing and rejected are remembered, a conflict is not. One id names one
    /// command of the whole store, for one set of aggregates. Empty: the command is carried out each time.
    std::string command_id{};
    /// For commands that found an aggregate: it is decided about as a new one without looking whether there is such a stream, and the
    /// append, a rejection and a decision for nothing say whether that was so; if it was not, it is loaded, and decide asked
    /// again. Saves the look where it is so, and costs a decision where it is not. Of several aggregates the first one is meant.
    bool presumes_new = false;
    /// Decisions made before the race is given up as lost. At least 1.
    unsigned max_attempts = 10;
};

/// Where answers to commands are remembered: in a stream for each command id, `<prefix>/<command id>`, with one message,
/// `CommandHandled`. They cost no memory, only place on disk.
struct CommandMemory {
    std::string prefix = "commands";
    /// How long an answer is remembered; by the clock of the store. Absent: as long as the store exists.
    std::optional<std::chrono::milliseconds> keep_for{};
};

}  // namespace foldback
