#include <algorithm>

#include "app/connection.hpp"
#include "projection/rebuild.hpp"

namespace foldback {

bool RebuildDiff::same() const noexcept {
    return live == rebuilt && std::all_of(tables.begin(), tables.end(), [](const TableDiff& table) {
               return table.only_live == 0 && table.only_rebuilt == 0 && table.columns_only_live.empty() &&
                      table.columns_only_rebuilt.empty();
           });
}

}  // namespace foldback

namespace foldback::projection {
namespace {

using Names = std::vector<std::string>;

Names only_in(const Names& left, const Names& right) {
    Names names;
    std::copy_if(left.begin(), left.end(), std::back_inserter(names),
                 [&](const std::string& name) { return std::find(right.begin(), right.end(), name) == right.end(); });
    return names;
}

std::uint64_t rows_in(ReadModel& model, const std::string& table) {
    return model.value<std::uint64_t>("SELECT count(*) FROM " + table).value_or(0);
}

/// Rows with how often they are there, so that a row that one side has twice is a difference.
std::string bag(const std::string& table, const Names& columns) {
    const auto names = joined(columns);
    return "SELECT " + names + ", count(*) AS foldback_count FROM " + table + " GROUP BY " + names;
}

std::uint64_t sample(ReadModel& model, const std::string& left, const std::string& right, const Names& columns,
                     std::size_t max_rows, std::vector<DiffRow>& rows) {
    const auto difference = bag(left, columns) + " EXCEPT " + bag(right, columns);
    std::string values;
    for (const auto& column : columns) values += "quote(" + sql_name(column) + "), ";
    model.query("SELECT " + values + "foldback_count FROM (" + difference + ") LIMIT ?", {max_rows},
                [&](const Row& row) {
                    DiffRow found;
                    const auto last = row.columns() - 1;
                    for (int column = 0; column < last; ++column) found.values.emplace_back(row.text(column));
                    found.count = row.get<std::uint64_t>(last);
                    rows.push_back(std::move(found));
                });
    return rows_in(model, "(" + difference + ")");
}

/// A table that one side has not got, compared with nothing.
void compare(ReadModel& model, const std::string& name, std::size_t max_rows, TableDiff& diff) {
    const auto live_columns = columns_of(model, "main", name);
    const auto rebuilt_columns = columns_of(model, "rebuilt", name);
    diff.table = name;
    diff.columns_only_live = only_in(live_columns, rebuilt_columns);
    diff.columns_only_rebuilt = only_in(rebuilt_columns, live_columns);
    diff.columns = only_in(rebuilt_columns, diff.columns_only_rebuilt);
    const auto live = "main." + sql_name(name);
    const auto rebuilt = "rebuilt." + sql_name(name);
    if (!live_columns.empty()) diff.live_rows = rows_in(model, live);
    if (!rebuilt_columns.empty()) diff.rebuilt_rows = rows_in(model, rebuilt);
    if (diff.columns.empty()) {
        diff.only_live = diff.live_rows;
        diff.only_rebuilt = diff.rebuilt_rows;
        return;
    }
    diff.only_live = sample(model, live, rebuilt, diff.columns, max_rows, diff.sample_live);
    diff.only_rebuilt = sample(model, rebuilt, live, diff.columns, max_rows, diff.sample_rebuilt);
}

/// Tables of either side, the live one's first.
Names tables_of(ReadModel& model, const Rebuild& rebuild) {
    Names names;
    const auto add = [&](const std::vector<SchemaObject>& objects) {
        for (const auto& object : objects) {
            const bool known = std::find(names.begin(), names.end(), object.name) != names.end();
            if (object.kind == "table" && !known) names.push_back(object.name);
        }
    };
    add(rebuild.task().books().objects(model));
    add(rebuild.task().objects());
    return names;
}

void diff_over(app::Connection& connection, const Rebuild& rebuild, std::size_t max_rows, RebuildDiff& diff) {
    connection.control("ATTACH " + sql_text(rebuild.file().string()) + " AS rebuilt");
    struct Detach {
        app::Connection& connection;
        ~Detach() { connection.control("DETACH rebuilt"); }
    } const detach{connection};
    app::Transaction transaction(connection);
    for (const auto& table : tables_of(connection, rebuild))
        compare(connection, table, max_rows, diff.tables.emplace_back());
}

}  // namespace

std::string sql_text(const std::string& text) {
    std::string quoted = "'";
    for (const char byte : text) {
        quoted += byte;
        if (byte == '\'') quoted += '\'';
    }
    return quoted + "'";
}

RebuildDiff diff_tables(Database& live, const Rebuild& rebuild, std::size_t max_rows) {
    RebuildDiff diff;
    if (live.file().empty()) {
        const std::lock_guard lock(live.impl().writing);
        diff_over(live.impl().writer, rebuild, max_rows, diff);
    } else {
        app::Connection reader(live.file(), app::Connection::Role::reader, live.impl().options);
        diff_over(reader, rebuild, max_rows, diff);
    }
    return diff;
}

}  // namespace foldback::projection
