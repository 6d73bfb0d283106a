#include <random>

#include "state/state_publisher.hpp"

namespace foldback::state {
namespace {

// Rows are wide, so they are in a table with row ids: new ones are written one after the other, and pages are not split for them.
constexpr const char* schema = R"sql(
    CREATE TABLE IF NOT EXISTS foldback_state_streams (
        stream TEXT PRIMARY KEY, projection TEXT NOT NULL, generation TEXT NOT NULL, last_change INTEGER NOT NULL,
        published INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS foldback_state_rows (
        stream TEXT NOT NULL, type TEXT NOT NULL, key TEXT NOT NULL, value TEXT, change INTEGER NOT NULL,
        published INTEGER NOT NULL, PRIMARY KEY (stream, type, key));
    CREATE INDEX IF NOT EXISTS foldback_state_rows_by_change ON foldback_state_rows (stream, change);
    CREATE INDEX IF NOT EXISTS foldback_state_rows_removed ON foldback_state_rows (stream, change)
        WHERE value IS NULL;
)sql";

std::string new_generation() {
    std::random_device random;
    return std::to_string(static_cast<std::uint64_t>(random()) << 32 | random());
}

}  // namespace

void StateTables::open(ReadModel& model) const {
    model.script(schema);
    const auto owner =
        model.value<std::string>("SELECT projection FROM foldback_state_streams WHERE stream = ?", {stream_.text()});
    if (!owner) return begin_anew(model);
    if (*owner != projection_) {
        throw std::invalid_argument("projection \"" + projection_ + "\": the projection \"" + *owner +
                                    "\" publishes to " + stream_.text() + " already");
    }
}

void StateTables::begin_anew(ReadModel& model) const {
    // Also of a stream that the projection published to before its definition changed.
    model.execute(
        "DELETE FROM foldback_state_rows WHERE stream IN (SELECT stream FROM foldback_state_streams WHERE projection = "
        "?)",
        {projection_});
    model.execute("DELETE FROM foldback_state_streams WHERE projection = ?", {projection_});
    model.execute("INSERT INTO foldback_state_streams VALUES (?, ?, ?, 0, 0)",
                  {stream_.text(), projection_, new_generation()});
}

void StateTables::replace_by_rebuilt(ReadModel& model) const {
    begin_anew(model);
    model.execute(
        "UPDATE main.foldback_state_streams SET last_change = "
        "(SELECT last_change FROM rebuilt.foldback_state_streams WHERE stream = ?1) WHERE stream = ?1",
        {stream_.text()});
    model.execute("INSERT INTO main.foldback_state_rows SELECT * FROM rebuilt.foldback_state_rows WHERE stream = ?",
                  {stream_.text()});
}

}  // namespace foldback::state
