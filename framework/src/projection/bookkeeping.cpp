#include "projection/bookkeeping.hpp"

#include <bit>

namespace foldback::projection {
namespace {

constexpr const char* schema = R"sql(
    CREATE TABLE IF NOT EXISTS foldback_projections (
        name TEXT PRIMARY KEY, fingerprint INTEGER NOT NULL, origin INTEGER NOT NULL, checkpoint INTEGER NOT NULL,
        high_water INTEGER NOT NULL, applied INTEGER NOT NULL, skipped INTEGER NOT NULL, paused INTEGER NOT NULL,
        rebuild INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS foldback_projection_objects (
        projection TEXT NOT NULL, number INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
        PRIMARY KEY (projection, number)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS foldback_parked (
        projection TEXT NOT NULL, position INTEGER NOT NULL, key TEXT NOT NULL, stream TEXT NOT NULL,
        incarnation INTEGER NOT NULL, offset INTEGER NOT NULL, error TEXT NOT NULL, attempts INTEGER NOT NULL,
        parked_at_ms INTEGER NOT NULL, replay INTEGER NOT NULL, PRIMARY KEY (projection, position)) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS foldback_parked_by_key ON foldback_parked (projection, key, position);
)sql";

constexpr const char* parked_columns =
    "SELECT position, key, stream, incarnation, offset, error, attempts, parked_at_ms, replay FROM foldback_parked ";

std::uint64_t number(const Row& row, int column) { return static_cast<std::uint64_t>(row.integer(column)); }
std::int64_t stored(std::uint64_t value) { return std::bit_cast<std::int64_t>(value); }

ParkedEvent parked_of(const Row& row) {
    return {.position = {number(row, 0)},
            .key = std::string(row.text(1)),
            .stream = std::string(row.text(2)),
            .offset = {.incarnation = {number(row, 3)}, .offset = {number(row, 4)}},
            .error = std::string(row.text(5)),
            .attempts = number(row, 6),
            .parked_at = Timestamp{std::chrono::milliseconds{row.integer(7)}},
            .replay = row.get<bool>(8)};
}

}  // namespace

void Bookkeeping::create_tables(ReadModel& model) { model.script(schema); }

std::optional<Ledger> Bookkeeping::load(ReadModel& model) const {
    std::optional<Ledger> ledger;
    model.query(
        "SELECT fingerprint, origin, checkpoint, high_water, applied, skipped, paused, rebuild "
        "FROM foldback_projections WHERE name = ?",
        {projection_}, [&](const Row& row) {
            ledger = Ledger{.fingerprint = number(row, 0),
                            .origin = {number(row, 1)},
                            .checkpoint = {number(row, 2)},
                            .high_water = {number(row, 3)},
                            .applied = number(row, 4),
                            .skipped = number(row, 5),
                            .paused = row.get<bool>(6),
                            .rebuild = number(row, 7)};
        });
    return ledger;
}

void Bookkeeping::insert(ReadModel& model, const Ledger& ledger) const {
    model.execute(
        "INSERT INTO foldback_projections (name, fingerprint, origin, checkpoint, high_water, applied, skipped, "
        "paused, "
        "rebuild) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {projection_, stored(ledger.fingerprint), ledger.origin.value, ledger.checkpoint.value, ledger.high_water.value,
         ledger.applied, ledger.skipped, ledger.paused, stored(ledger.rebuild)});
}

void Bookkeeping::save(ReadModel& model, const Ledger& ledger) const {
    const auto changed = model.execute(
        "UPDATE foldback_projections SET fingerprint = ?, origin = ?, checkpoint = ?, high_water = ?, applied = ?, "
        "skipped = ?, "
        "paused = ?, rebuild = ? WHERE name = ?",
        {stored(ledger.fingerprint), ledger.origin.value, ledger.checkpoint.value, ledger.high_water.value,
         ledger.applied, ledger.skipped, ledger.paused, stored(ledger.rebuild), projection_});
    if (changed != 1)
        throw DatabaseError("the checkpoint of the projection " + projection_ + " is gone from its database", 0, true);
}

std::vector<SchemaObject> Bookkeeping::objects(ReadModel& model) const {
    std::vector<SchemaObject> objects;
    model.query("SELECT kind, name FROM foldback_projection_objects WHERE projection = ? ORDER BY number",
                {projection_}, [&](const Row& row) {
                    objects.push_back({.kind = std::string(row.text(0)), .name = std::string(row.text(1)), .sql = {}});
                });
    return objects;
}

void Bookkeeping::save_objects(ReadModel& model, const std::vector<SchemaObject>& objects) const {
    model.execute("DELETE FROM foldback_projection_objects WHERE projection = ?", {projection_});
    std::int64_t number = 0;
    for (const auto& object : objects) {
        model.execute("INSERT INTO foldback_projection_objects VALUES (?, ?, ?, ?)",
                      {projection_, number++, object.kind, object.name});
    }
}

std::optional<std::string> Bookkeeping::taken(ReadModel& model, const std::vector<SchemaObject>& objects) const {
    for (const auto& object : objects) {
        const auto there = model.value<int>(
            "SELECT 1 FROM sqlite_master m WHERE m.name = ?1 COLLATE NOCASE AND NOT EXISTS (SELECT 1 FROM "
            "foldback_projection_objects o "
            "WHERE o.name = m.name COLLATE NOCASE AND o.projection = ?2)",
            {object.name, projection_});
        if (there) return object.name;
    }
    return std::nullopt;
}

void Bookkeeping::park(ReadModel& model, const ParkedEvent& event) const {
    model.execute(
        "INSERT OR IGNORE INTO foldback_parked (projection, position, key, stream, incarnation, offset, error, "
        "attempts, "
        "parked_at_ms, replay) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {projection_, event.position.value, event.key, event.stream, event.offset.incarnation.value,
         event.offset.offset.value, event.error, event.attempts, event.parked_at.time_since_epoch().count(),
         event.replay});
}

std::vector<ParkedEvent> Bookkeeping::parked(ReadModel& model, std::size_t limit) const {
    std::vector<ParkedEvent> events;
    model.query(std::string(parked_columns) + "WHERE projection = ? ORDER BY position LIMIT ?",
                {projection_, std::min<std::size_t>(limit, INT32_MAX)},
                [&](const Row& row) { events.push_back(parked_of(row)); });
    return events;
}

std::optional<ParkedEvent> Bookkeeping::first_parked(ReadModel& model, std::string_view key) const {
    std::optional<ParkedEvent> event;
    model.query(std::string(parked_columns) + "WHERE projection = ? AND key = ? ORDER BY position LIMIT 1",
                {projection_, key}, [&](const Row& row) { event = parked_of(row); });
    return event;
}

std::optional<ParkedEvent> Bookkeeping::parked_at(ReadModel& model, Position position) const {
    std::optional<ParkedEvent> event;
    model.query(std::string(parked_columns) + "WHERE projection = ? AND position = ?", {projection_, position.value},
                [&](const Row& row) { event = parked_of(row); });
    return event;
}

void Bookkeeping::note_failure(ReadModel& model, const ParkedEvent& event, const std::string& error) const {
    model.execute("UPDATE foldback_parked SET error = ?, attempts = attempts + 1 WHERE projection = ? AND position = ?",
                  {error, projection_, event.position.value});
}

void Bookkeeping::unpark(ReadModel& model, Position position) const {
    model.execute("DELETE FROM foldback_parked WHERE projection = ? AND position = ?", {projection_, position.value});
}

void Bookkeeping::unpark_all(ReadModel& model) const {
    model.execute("DELETE FROM foldback_parked WHERE projection = ?", {projection_});
}

std::uint64_t Bookkeeping::count_parked(ReadModel& model) const {
    return model.value<std::uint64_t>("SELECT count(*) FROM foldback_parked WHERE projection = ?", {projection_})
        .value_or(0);
}

std::uint64_t Bookkeeping::count_parked(ReadModel& model, std::string_view key) const {
    return model
        .value<std::uint64_t>("SELECT count(*) FROM foldback_parked WHERE projection = ? AND key = ?",
                              {projection_, key})
        .value_or(0);
}

std::unordered_set<std::string> Bookkeeping::parked_keys(ReadModel& model) const {
    std::unordered_set<std::string> keys;
    model.query("SELECT DISTINCT key FROM foldback_parked WHERE projection = ?", {projection_},
                [&](const Row& row) { keys.emplace(row.text(0)); });
    return keys;
}

}  // namespace foldback::projection
