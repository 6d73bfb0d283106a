#include "foldback/app/database.hpp"

#include <latch>
#include <thread>

#include "contract/store_fixture.hpp"

namespace foldback {
namespace {

using contract::TemporaryDirectory;

/// Runs a test on a database in a file and on one in memory.
template <class Test>
void on_every_database(const Test& test) {
    SUBCASE("in a file") {
        TemporaryDirectory directory;
        test(*Database::open(directory.path() / "test.db"));
    }
    SUBCASE("in memory") { test(*Database::in_memory()); }
}

std::int64_t count(Database& database) {
    std::int64_t rows = 0;
    database.read([&](ReadModel& model) { rows = model.value<std::int64_t>("SELECT count(*) FROM t").value(); });
    return rows;
}

}  // namespace

TEST_CASE("values of every kind come back as they were written") {
    on_every_database([](Database& database) {
        const std::string text("a\0b", 3);
        database.write([&](ReadModel& model) {
            model.script("CREATE TABLE t (a, b, c, d, e, f);");
            model.execute("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)",
                          {INT64_MIN, 0.5, text, Blob{"\xFF"}, nullptr, std::optional<std::string>()});
        });
        int rows = 0;
        database.read([&](ReadModel& model) {
            model.query("SELECT * FROM t WHERE a < ?", {0}, [&](const Row& row) {
                ++rows;
                CHECK(row.columns() == 6);
                CHECK(row.name(1) == "b");
                CHECK(row.get<std::int64_t>(0) == INT64_MIN);
                CHECK(row.get<double>(1) == 0.5);
                CHECK(row.get<std::string>(2) == text);
                CHECK(row.blob(3) == "\xFF");
                CHECK(row.is_null(4));
                CHECK_FALSE(row.get<std::optional<std::string>>(5));
                CHECK_THROWS_AS((void)row.text(6), std::out_of_range);
            });
        });
        CHECK(rows == 1);
    });
}

TEST_CASE("an integer beyond SQLite's is refused") { CHECK_THROWS_AS(SqlValue(UINT64_MAX), std::out_of_range); }

TEST_CASE("an exception rolls a transaction back and goes on to the caller") {
    on_every_database([](Database& database) {
        database.write([](ReadModel& model) { model.script("CREATE TABLE t (a)"); });

        CHECK_THROWS_AS(database.write([](ReadModel& model) {
            CHECK(model.execute("INSERT INTO t VALUES (1), (2)") == 2);
            throw std::domain_error("no");
        }),
                        std::domain_error);

        CHECK(count(database) == 0);
    });
}

TEST_CASE("transactions, other files and writes while reading are refused") {
    on_every_database([](Database& database) {
        database.write([](ReadModel& model) { model.script("CREATE TABLE t (a)"); });
        for (const char* sql : {"COMMIT", "ROLLBACK", "BEGIN", "SAVEPOINT s", "ATTACH ':memory:' AS other"}) {
            CAPTURE(sql);
            CHECK_THROWS_AS(database.write([&](ReadModel& model) { model.execute(sql); }), DatabaseError);
        }

        CHECK_THROWS_AS(database.read([](ReadModel& model) { model.execute("INSERT INTO t VALUES (1)"); }),
                        DatabaseError);

        database.write([](ReadModel& model) { model.execute("INSERT INTO t VALUES (1)"); });
        CHECK(count(database) == 1);
    });
}

TEST_CASE("an error of the statement is told from one of the machine") {
    on_every_database([](Database& database) {
        database.write([](ReadModel& model) { model.script("CREATE TABLE t (a UNIQUE); INSERT INTO t VALUES (1)"); });
        const auto error_of = [&](const char* sql, std::initializer_list<SqlValue> values) {
            try {
                database.write([&](ReadModel& model) { model.execute(sql, values); });
            } catch (const DatabaseError& error) {
                return std::string(error.environment ? "machine" : "statement");
            }
            return std::string("none");
        };

        CHECK(error_of("INSERT INTO t VALUES (?)", {1}) == "statement");
        CHECK(error_of("INSERT INTO nowhere VALUES (1)", {}) == "statement");
        CHECK(error_of("INSERT INTO t VALUES (?)", {1, 2}) == "statement");
        CHECK(error_of("INSERT INTO t VALUES (7); INSERT INTO t VALUES (8)", {}) == "statement");
        CHECK(count(database) == 1);
    });
}

TEST_CASE("a query may run inside itself") {
    on_every_database([](Database& database) {
        database.write(
            [](ReadModel& model) { model.script("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2), (3)"); });
        int pairs = 0;

        database.read([&](ReadModel& model) {
            model.query("SELECT a FROM t", {},
                        [&](const Row&) { model.query("SELECT a FROM t", {}, [&](const Row&) { ++pairs; }); });
        });

        CHECK(pairs == 9);
    });
}

TEST_CASE("a reader keeps its view while a writer goes on") {
    TemporaryDirectory directory;
    const auto database = Database::open(directory.path() / "test.db");
    database->write([](ReadModel& model) { model.script("CREATE TABLE t (a); INSERT INTO t VALUES (1)"); });
    std::int64_t before = 0;
    std::int64_t after = 0;

    database->read([&](ReadModel& model) {
        before = model.value<std::int64_t>("SELECT count(*) FROM t").value();
        database->write([](ReadModel& writing) { writing.execute("INSERT INTO t VALUES (2)"); });
        after = model.value<std::int64_t>("SELECT count(*) FROM t").value();
    });

    CHECK(before == 1);
    CHECK(after == 1);
    CHECK(count(*database) == 2);
}

TEST_CASE("many threads may read and write at once") {
    TemporaryDirectory directory;
    const auto database = Database::open(directory.path() / "test.db", {.max_idle_readers = 2});
    database->write([](ReadModel& model) { model.script("CREATE TABLE t (a)"); });
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                for (int j = 0; j < 50; ++j) {
                    database->write([&](ReadModel& model) { model.execute("INSERT INTO t VALUES (?)", {j}); });
                    if (count(*database) == 0) std::abort();
                }
            });
        }
    }
    CHECK(count(*database) == 200);
}

}  // namespace foldback
