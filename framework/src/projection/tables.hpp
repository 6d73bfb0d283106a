#pragma once

#include <string>
#include <vector>

#include "foldback/app/read_model.hpp"

namespace foldback::projection {

/// Something that a projection's schema makes.
struct SchemaObject {
    std::string kind;  ///< "table", "index", "view", "trigger"
    std::string name;
    std::string sql;
    bool is_virtual = false;

    friend bool operator==(const SchemaObject&, const SchemaObject&) = default;
};

/// What a schema makes: it is run in an empty database in memory. Throws std::invalid_argument when SQLite refuses it.
[[nodiscard]] std::vector<SchemaObject> objects_of(const std::string& schema);

/// A name as SQL writes it, whatever is in it.
[[nodiscard]] std::string sql_name(std::string_view name);

/// Drops what is there of these.
void drop_objects(ReadModel& model, const std::vector<SchemaObject>& objects);

/// Column names of a table, without those that are computed. `database` is "main" or the name of an attached one.
[[nodiscard]] std::vector<std::string> columns_of(ReadModel& model, std::string_view database, std::string_view table);

[[nodiscard]] std::string joined(const std::vector<std::string>& names);

}  // namespace foldback::projection
