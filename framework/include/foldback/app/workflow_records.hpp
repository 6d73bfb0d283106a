#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include "foldback/app/database.hpp"
#include "foldback/app/projection_definition.hpp"
#include "foldback/core/upcast.hpp"
#include "foldback/store/read_page.hpp"

namespace foldback {

// What a workflow's stream holds beside its commands.

/// An event came in: where from, and the message as it was.
struct InputReceived {
    std::string stream;
    std::uint64_t offset = 0;
    std::uint64_t position = 0;
    std::int64_t committed_at_ms = 0;
    JsonText message;
};
BOOST_DESCRIBE_STRUCT(InputReceived, (), (stream, offset, position, committed_at_ms, message))

/// A timeout was set, or set anew.
struct TimeoutScheduled {
    std::string name;
    std::int64_t due_ms = 0;  ///< Unix milliseconds
};
BOOST_DESCRIBE_STRUCT(TimeoutScheduled, (), (name, due_ms))

/// A timeout was taken back.
struct TimeoutCancelled {
    std::string name;
};
BOOST_DESCRIBE_STRUCT(TimeoutCancelled, (), (name))

/// A timeout was due: an input like others, which `decide` and `apply` may take.
struct TimedOut {
    std::string name;
};
BOOST_DESCRIBE_STRUCT(TimedOut, (), (name))

/// The workflow takes no further inputs.
struct WorkflowCompleted {};
BOOST_DESCRIBE_STRUCT(WorkflowCompleted, (), ())

/// A timeout that a workflow waits for.
struct PendingTimeout {
    std::string stream;  ///< of the workflow
    std::string name;
    Timestamp due;
};

/// The timeouts of all workflows of one kind: a projection of their streams, in a table of the database.
class WorkflowTimeouts {
public:
    WorkflowTimeouts(std::shared_ptr<Database> database, std::string workflow);

    [[nodiscard]] const std::shared_ptr<Database>& database() const noexcept { return database_; }
    [[nodiscard]] ProjectionDefinition projection(const std::string& category) const;
    /// As many as `due` returns at most.
    static constexpr std::size_t at_once = 1000;
    /// Those that are due at `now`, oldest first, behind `after` if given, and `at_once` at most. Throws DatabaseError, also before the
    /// projection was added.
    [[nodiscard]] std::vector<PendingTimeout> due(Timestamp now, const std::optional<PendingTimeout>& after = {}) const;
    [[nodiscard]] std::optional<Timestamp> next_due() const;

private:
    std::shared_ptr<Database> database_;
    std::string workflow_;
    std::string table_;
};

namespace detail {

[[nodiscard]] InputReceived input_of(const FeedMessage& message);
/// Views the input.
[[nodiscard]] FeedMessage message_of(const InputReceived& input);

}  // namespace detail

}  // namespace foldback
