#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "foldback/app/projection_runner.hpp"
#include "projection/tables.hpp"

namespace foldback::projection {

/// What a projection knows of itself, stored with its tables.
struct Ledger {
    std::uint64_t fingerprint = 0;
    Position origin;  ///< where its tables begin
    Position checkpoint;
    Position high_water;  ///< the furthest it has ever been: events before it are replayed
    std::uint64_t applied = 0;
    std::uint64_t skipped = 0;
    bool paused = false;
    std::uint64_t rebuild = 0;  ///< names the rebuild that made these tables, or is making them
};

/// The tables `foldback_projections`, `foldback_projection_objects` and `foldback_parked` of a database, as far as one
/// projection is concerned. Throws DatabaseError.
class Bookkeeping {
public:
    explicit Bookkeeping(std::string projection) : projection_(std::move(projection)) {}

    static void create_tables(ReadModel& model);

    [[nodiscard]] std::optional<Ledger> load(ReadModel& model) const;
    void insert(ReadModel& model, const Ledger& ledger) const;
    void save(ReadModel& model, const Ledger& ledger) const;

    /// The schema's objects as the tables were built with.
    [[nodiscard]] std::vector<SchemaObject> objects(ReadModel& model) const;
    void save_objects(ReadModel& model, const std::vector<SchemaObject>& objects) const;
    /// The first of the objects that is in the database and not this projection's.
    [[nodiscard]] std::optional<std::string> taken(ReadModel& model, const std::vector<SchemaObject>& objects) const;

    void park(ReadModel& model, const ParkedEvent& event) const;
    [[nodiscard]] std::vector<ParkedEvent> parked(ReadModel& model, std::size_t limit) const;
    [[nodiscard]] std::optional<ParkedEvent> first_parked(ReadModel& model, std::string_view key) const;
    [[nodiscard]] std::optional<ParkedEvent> parked_at(ReadModel& model, Position position) const;
    void note_failure(ReadModel& model, const ParkedEvent& event, const std::string& error) const;
    void unpark(ReadModel& model, Position position) const;
    void unpark_all(ReadModel& model) const;
    [[nodiscard]] std::uint64_t count_parked(ReadModel& model) const;
    [[nodiscard]] std::uint64_t count_parked(ReadModel& model, std::string_view key) const;
    [[nodiscard]] std::unordered_set<std::string> parked_keys(ReadModel& model) const;

private:
    std::string projection_;
};

}  // namespace foldback::projection
