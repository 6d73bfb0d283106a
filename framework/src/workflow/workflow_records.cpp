#include "foldback/app/workflow_records.hpp"

#include "foldback/app/projection.hpp"

namespace foldback {
namespace {

using TimeoutEvent =
    Events<Named<"foldback.TimeoutScheduled", 1, TimeoutScheduled>,
           Named<"foldback.TimeoutCancelled", 1, TimeoutCancelled>, Named<"foldback.TimedOut", 1, TimedOut>,
           Named<"foldback.WorkflowCompleted", 1, WorkflowCompleted>>;

/// Keeps the table of what is pending.
struct Pending {
    std::string table;

    void apply(ReadModel& model, const TimeoutScheduled& timeout, const RecordedAt& where) const {
        model.execute("INSERT OR REPLACE INTO " + table + " VALUES (?, ?, ?)",
                      {where.stream, timeout.name, timeout.due_ms});
    }
    void apply(ReadModel& model, const TimeoutCancelled& timeout, const RecordedAt& where) const {
        remove(model, where.stream, timeout.name);
    }
    void apply(ReadModel& model, const TimedOut& timeout, const RecordedAt& where) const {
        remove(model, where.stream, timeout.name);
    }
    void apply(ReadModel& model, const WorkflowCompleted&, const RecordedAt& where) const {
        model.execute("DELETE FROM " + table + " WHERE stream = ?", {where.stream});
    }

private:
    void remove(ReadModel& model, std::string_view stream, const std::string& name) const {
        model.execute("DELETE FROM " + table + " WHERE stream = ? AND name = ?", {stream, name});
    }
};

}  // namespace

WorkflowTimeouts::WorkflowTimeouts(std::shared_ptr<Database> database, std::string workflow)
    : database_(std::move(database)), workflow_(std::move(workflow)), table_("\"" + workflow_ + "_timeouts\"") {
    if (!database_) throw std::invalid_argument("a workflow needs a database for its checkpoints");
    if (workflow_.find('"') != std::string::npos) throw std::invalid_argument("a workflow's name has no quotes");
}

ProjectionDefinition WorkflowTimeouts::projection(const std::string& category) const {
    const auto schema =
        "CREATE TABLE " + table_ +
        " (stream TEXT NOT NULL, name TEXT NOT NULL, due_ms INTEGER NOT NULL, PRIMARY KEY (stream, name)) "
        "WITHOUT ROWID; CREATE INDEX \"" +
        workflow_ + "_timeouts_by_due\" ON " + table_ + " (due_ms);";
    return project<TimeoutEvent>(
        {.name = workflow_ + ".timeouts", .schema = schema, .events = {.categories = {category}}}, Pending{table_});
}

std::vector<PendingTimeout> WorkflowTimeouts::due(Timestamp now, const std::optional<PendingTimeout>& after) const {
    const auto behind = after.value_or(PendingTimeout{.stream = {}, .name = {}, .due = Timestamp::min()});
    std::vector<PendingTimeout> found;
    database_->read([&](ReadModel& model) {
        model.query(
            "SELECT stream, name, due_ms FROM " + table_ +
                " WHERE due_ms <= ? AND (due_ms, stream, name) > (?, ?, ?) ORDER BY due_ms, stream, name LIMIT ?",
            {now.time_since_epoch().count(), behind.due.time_since_epoch().count(), behind.stream, behind.name,
             std::int64_t{at_once}},
            [&](const Row& row) {
                found.push_back({.stream = row.get<std::string>(0),
                                 .name = row.get<std::string>(1),
                                 .due = Timestamp{std::chrono::milliseconds{row.integer(2)}}});
            });
    });
    return found;
}

std::optional<Timestamp> WorkflowTimeouts::next_due() const {
    std::optional<std::int64_t> due;
    database_->read([&](ReadModel& model) { due = model.value<std::int64_t>("SELECT min(due_ms) FROM " + table_); });
    if (!due) return std::nullopt;
    return Timestamp{std::chrono::milliseconds{*due}};
}

namespace detail {

InputReceived input_of(const FeedMessage& message) {
    return {.stream = std::string(message.stream),
            .offset = message.offset.offset.value,
            .position = message.position.value,
            .committed_at_ms = message.committed_at.time_since_epoch().count(),
            .message = {std::string(message.data)}};
}

FeedMessage message_of(const InputReceived& input) {
    return {.stream = input.stream,
            .offset = {.incarnation = {}, .offset = {input.offset}},
            .position = {input.position},
            .committed_at = Timestamp{std::chrono::milliseconds{input.committed_at_ms}},
            .framing = Framing::json,
            .data = input.message.text};
}

}  // namespace detail

}  // namespace foldback
