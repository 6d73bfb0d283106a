#include "foldback/testing/projections.hpp"

#include <stdexcept>

#include "foldback/testing/given.hpp"

namespace foldback::testing {

namespace {

std::string state_of(const ProjectionStatus& status) {
    return status.name + ": " + name_of(status.state) + " at " + std::to_string(status.checkpoint.value) + " of " +
           std::to_string(status.tail.value) + (status.error.empty() ? "" : ", " + status.error);
}

std::string columns_of(const Row& row) {
    std::string text;
    for (int column = 0; column < row.columns(); ++column) {
        if (column > 0) text += " | ";
        text += row.is_null(column) ? std::string_view("NULL") : row.text(column);
    }
    return text;
}

}  // namespace

void wait_for_projections(ProjectionRunner& runner, Position position, std::chrono::milliseconds timeout,
                          const boost::source_location& where) {
    if (runner.wait_for_all(position, timeout) == Waited::reached) return;
    std::string message = "the projections did not come to position " + std::to_string(position.value);
    for (const auto& status : runner.statuses()) message += "\n  " + state_of(status);
    fail(message, where);
}

GivenProjection::GivenProjection(ProjectionDefinition definition)
    : name_(definition.name),
      world_(std::make_unique<World>()),
      database_(Database::in_memory()),
      runner_(std::make_unique<ProjectionRunner>(
          world_->store(), ProjectionRunnerOptions{.clock = &world_->clock, .background_threads = false})) {
    // Reactions begin at the present: here that is before everything that is given.
    if (!definition.start) definition.start = FromBeginning{};
    runner_->add(std::move(definition), database_);
}

GivenProjection& GivenProjection::message(const StreamPath& stream, std::string_view text,
                                          const boost::source_location& where) {
    append(stream, text);
    project(where);
    return *this;
}

GivenProjection& GivenProjection::rebuilt(const boost::source_location& where) {
    runner_->reset(name_);
    project(where);
    return *this;
}

GivenProjection& GivenProjection::then_rows(std::string_view sql, const std::vector<std::string>& expected,
                                            const boost::source_location& where) {
    std::vector<std::string> rows;
    database_->read(
        [&](ReadModel& model) { model.query(sql, {}, [&](const Row& row) { rows.push_back(columns_of(row)); }); });
    if (rows != expected) {
        const detail::Story story{.given = told_, .when = std::string(sql), .where = where};
        fail(detail::told(story, expected, rows), where);
    }
    return *this;
}

void GivenProjection::append(const StreamPath& stream, std::string_view text) {
    (void)world_->store()
        .append({.stream = stream,
                 .messages = Messages::json(text).value(),
                 .create_with = StreamConfig{.content_type = "application/json"}})
        .value();
    told_.push_back(stream.text() + ": " + std::string(text));
}

void GivenProjection::project(const boost::source_location& where) {
    runner_->run_until_caught_up();
    const auto status = runner_->status(name_);
    if (status.error.empty() && status.parked_events == 0) return;
    const detail::Story story{.given = told_, .when = {}, .where = where};
    fail(detail::told(story, {"every event is applied"}, {state_of(status)}), where);
}

}  // namespace foldback::testing
