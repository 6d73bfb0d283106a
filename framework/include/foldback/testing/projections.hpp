#pragma once

#include <chrono>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/assert/source_location.hpp>

#include "foldback/app/database.hpp"
#include "foldback/app/projection_runner.hpp"
#include "foldback/core/envelope.hpp"
#include "foldback/testing/failure.hpp"
#include "foldback/testing/world.hpp"

namespace foldback::testing {

/// Waits until every projection of a runner has dealt with all events before `position` (an append's `next_position`), and
/// fails with the state of each when one does not come there. A runner without threads is driven meanwhile.
void wait_for_projections(ProjectionRunner& runner, Position position,
                          std::chrono::milliseconds timeout = std::chrono::seconds(10),
                          const boost::source_location& where = BOOST_CURRENT_LOCATION);

/// Given/when/then for a projection: events are given to it in a world of its own, and its tables are looked at.
///
///     GivenProjection(project<OrderEvent>({.name = "totals", .schema = "CREATE TABLE totals (id, cents)"}, OrderTotals{}))
///         .events<OrderEvent>("orders/1", {OrderPlaced{"Ada"}, OrderPaid{100}})
///         .then_rows("SELECT id, cents FROM totals", {"orders/1 | 100"});
///
/// Nothing here waits or starts a thread. An event that the projection cannot apply fails the test, with its error.
class GivenProjection {
public:
    /// Throws std::invalid_argument when the definition contradicts itself, DatabaseError when its schema is wrong.
    explicit GivenProjection(ProjectionDefinition definition);

    /// These events are appended to a stream, one message each, and projected.
    template <class Event>
    GivenProjection& events(const StreamPath& stream, const std::vector<Event>& list,
                            const boost::source_location& where = BOOST_CURRENT_LOCATION) {
        for (const auto& event : list) {
            append(stream, to_envelope(event, {.timestamp = world_->clock.now()}));
        }
        project(where);
        return *this;
    }
    /// A message as it is stored, of an old version perhaps. Throws std::invalid_argument when it is no JSON.
    GivenProjection& message(const StreamPath& stream, std::string_view text,
                             const boost::source_location& where = BOOST_CURRENT_LOCATION);
    /// Time goes by between events.
    GivenProjection& after(std::chrono::milliseconds time) {
        world_->clock.advance(time);
        return *this;
    }
    /// The projection is reset and sees everything again.
    GivenProjection& rebuilt(const boost::source_location& where = BOOST_CURRENT_LOCATION);

    /// What a query returns, in order: one text per row, its columns joined by " | ", NULL as "NULL".
    GivenProjection& then_rows(std::string_view sql, const std::vector<std::string>& expected,
                               const boost::source_location& where = BOOST_CURRENT_LOCATION);

    [[nodiscard]] Database& database() const noexcept { return *database_; }
    [[nodiscard]] ProjectionRunner& runner() const noexcept { return *runner_; }
    [[nodiscard]] World& world() const noexcept { return *world_; }

private:
    void append(const StreamPath& stream, std::string_view text);
    void project(const boost::source_location& where);

    std::string name_;
    std::vector<std::string> told_;
    std::unique_ptr<World> world_;
    std::shared_ptr<Database> database_;
    std::unique_ptr<ProjectionRunner> runner_;
};

}  // namespace foldback::testing
