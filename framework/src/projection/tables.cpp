#include "projection/tables.hpp"

#include <stdexcept>

#include "app/connection.hpp"

namespace foldback::projection {

std::vector<SchemaObject> objects_of(const std::string& schema) {
    std::vector<SchemaObject> objects;
    try {
        app::Connection scratch({}, app::Connection::Role::writer, {});
        scratch.script(schema);
        // What a virtual table keeps its rows in comes and goes with it.
        scratch.query(
            "SELECT m.type, m.name, m.sql, coalesce(l.type, '') FROM sqlite_master m "
            "LEFT JOIN pragma_table_list l ON l.name = m.name AND l.schema = 'main' "
            "WHERE m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND coalesce(l.type, '') <> 'shadow' ORDER BY m.rowid",
            {}, [&](const Row& row) {
                objects.push_back({.kind = std::string(row.text(0)),
                                   .name = std::string(row.text(1)),
                                   .sql = std::string(row.text(2)),
                                   .is_virtual = row.text(3) == "virtual"});
            });
    } catch (const DatabaseError& error) {
        throw std::invalid_argument(std::string("the schema is refused: ") + error.what());
    }
    return objects;
}

std::string sql_name(std::string_view name) {
    std::string text = "\"";
    for (const char byte : name) {
        text += byte;
        if (byte == '"') text += '"';
    }
    return text + '"';
}

void drop_objects(ReadModel& model, const std::vector<SchemaObject>& objects) {
    // Whoever refers to whom: until the transaction ends none of them is left.
    model.script("PRAGMA defer_foreign_keys = ON");
    for (const char* kind : {"trigger", "view", "index", "table"}) {
        for (const auto& object : objects) {
            if (object.kind == kind) model.script("DROP " + object.kind + " IF EXISTS main." + sql_name(object.name));
        }
    }
}

std::vector<std::string> columns_of(ReadModel& model, std::string_view database, std::string_view table) {
    std::vector<std::string> columns;
    model.query("SELECT name FROM pragma_table_xinfo(?, ?) WHERE hidden = 0 ORDER BY cid", {table, database},
                [&](const Row& row) { columns.emplace_back(row.text(0)); });
    return columns;
}

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + sql_name(name);
    return text;
}

}  // namespace foldback::projection
