#include <stdexcept>

#include "app/connection.hpp"
#include "projection/rebuild.hpp"

namespace foldback::projection {
namespace {

void copy_table(ReadModel& model, const SchemaObject& table) {
    const auto columns = joined(columns_of(model, "rebuilt", table.name));
    const auto name = sql_name(table.name);
    model.script("INSERT INTO main." + name + " (" + columns + ") SELECT " + columns + " FROM rebuilt." + name);
    const auto counts = model.value<int>("SELECT 1 FROM rebuilt.sqlite_master WHERE name = 'sqlite_sequence'");
    if (!counts) return;
    model.execute(
        "UPDATE main.sqlite_sequence SET seq = (SELECT seq FROM rebuilt.sqlite_sequence r WHERE r.name = ?1) "
        "WHERE name = ?1 AND EXISTS (SELECT 1 FROM rebuilt.sqlite_sequence r WHERE r.name = ?1)",
        {table.name});
}

/// Creates main's objects as the rebuilt file has them: indexes after the rows, which is quicker, triggers last, so that
/// the copying sets none off.
void create_filled(ReadModel& model, const std::vector<SchemaObject>& objects) {
    for (const char* kind : {"table", "index", "view", "trigger"}) {
        for (const auto& object : objects) {
            if (object.kind != kind) continue;
            model.script(object.sql);
            if (object.kind == "table") copy_table(model, object);
        }
    }
}

Ledger rebuilt_ledger(ReadModel& model, const std::string& projection) {
    std::optional<Ledger> ledger;
    model.query(
        "SELECT fingerprint, origin, checkpoint, high_water, applied, skipped, rebuild FROM "
        "rebuilt.foldback_projections "
        "WHERE name = ?",
        {projection}, [&](const Row& row) {
            ledger = Ledger{.fingerprint = static_cast<std::uint64_t>(row.integer(0)),
                            .origin = {row.get<std::uint64_t>(1)},
                            .checkpoint = {row.get<std::uint64_t>(2)},
                            .high_water = {row.get<std::uint64_t>(3)},
                            .applied = row.get<std::uint64_t>(4),
                            .skipped = row.get<std::uint64_t>(5),
                            .rebuild = static_cast<std::uint64_t>(row.integer(6))};
        });
    if (!ledger) throw DatabaseError("the rebuild of " + projection + " has lost its checkpoint", 0, true);
    return *ledger;
}

void replace(ReadModel& model, const FoldTask& task, const ProjectionDefinition& definition) {
    const auto& books = task.books();
    const auto& objects = task.objects();
    const auto live = books.load(model);
    auto ledger = rebuilt_ledger(model, definition.name);
    if (!live || ledger.checkpoint < live->checkpoint)
        throw std::runtime_error("the rebuild has not come as far as the live tables");
    ledger.paused = live->paused;
    ledger.high_water = std::max(ledger.high_water, live->high_water);
    if (const auto taken = books.taken(model, objects)) {
        throw std::invalid_argument("projection \"" + definition.name + "\": " + *taken +
                                    " is in the database and not its own");
    }
    drop_objects(model, books.objects(model));
    create_filled(model, objects);
    books.save_objects(model, objects);
    books.unpark_all(model);
    model.script("INSERT INTO main.foldback_parked SELECT * FROM rebuilt.foldback_parked");
    if (task.state_tables()) task.state_tables()->replace_by_rebuilt(model);
    books.save(model, ledger);
}

}  // namespace

void swap_tables(Database& live, const std::filesystem::path& rebuilt, const FoldTask& task,
                 const ProjectionDefinition& definition) {
    auto& impl = live.impl();
    const std::lock_guard lock(impl.writing);
    impl.writer.control("ATTACH " + sql_text(rebuilt.string()) + " AS rebuilt");
    struct Detach {
        app::Connection& connection;
        ~Detach() {
            try {
                connection.control("DETACH rebuilt");
            } catch (const DatabaseError&) {
                // The next swap says so: its ATTACH fails.
            }
        }
    } const detach{impl.writer};
    app::Transaction transaction(impl.writer);
    replace(impl.writer, task, definition);
    transaction.commit();
}

}  // namespace foldback::projection
