#include <SQLiteCpp/SQLiteCpp.h>

#include <fstream>

#include "snapshot_fixture.hpp"

namespace foldback::snapshot_tests {
namespace {

void change(const std::filesystem::path& file, const std::string& sql) {
    SQLite::Database database(file.string(), SQLite::OPEN_READWRITE);
    REQUIRE(database.exec(sql) >= 1);
}

}  // namespace

TEST_CASE("snapshots in a file outlive the object") {
    TemporaryDirectory directory;
    const auto file = directory.path() / "snapshots.db";
    { SqliteSnapshots(file).save(key_of("orders/1"), at(5, "five")); }

    SqliteSnapshots snapshots(file);

    CHECK(state_of(snapshots.load(key_of("orders/1"))) == "five");
}

TEST_CASE("a damaged snapshot is thrown away and counted, and the one before it is used") {
    const char* change_made = nullptr;
    SUBCASE("a changed state") { change_made = "UPDATE foldback_snapshots SET state = x'00' WHERE offset = 9"; }
    SUBCASE("a changed offset") { change_made = "UPDATE foldback_snapshots SET offset = 8 WHERE offset = 9"; }
    SUBCASE("moved here from another stream") {
        change_made = "UPDATE foldback_snapshots SET stream = 'orders/1', offset = 10 WHERE stream = 'orders/2'";
    }
    SUBCASE("a state of another type") { change_made = "UPDATE foldback_snapshots SET state = 17 WHERE offset = 9"; }
    TemporaryDirectory directory;
    const auto file = directory.path() / "snapshots.db";
    {
        SqliteSnapshots snapshots(file);
        snapshots.save(key_of("orders/2"), at(9, "another stream's"));
        snapshots.save(key_of("orders/1"), at(5, "five"));
        snapshots.save(key_of("orders/1"), at(9, "nine"));
    }
    change(file, change_made);
    SqliteSnapshots snapshots(file);

    const auto found = snapshots.load(key_of("orders/1"));

    const bool moved_here = std::string_view(change_made).find("orders/2") != std::string_view::npos;
    CHECK(state_of(found) == (moved_here ? "nine" : "five"));
    CHECK(snapshots.counters().corrupt == 1);
    CHECK(state_of(snapshots.load(key_of("orders/1"))) == state_of(found));
    CHECK(snapshots.counters().corrupt == 1);
}

TEST_CASE("a file that is no database is begun anew") {
    TemporaryDirectory directory;
    const auto file = directory.path() / "snapshots.db";
    std::ofstream(file) << std::string(8192, 'x');

    SqliteSnapshots snapshots(file);
    snapshots.save(key_of("orders/1"), at(5, "five"));

    CHECK(snapshots.counters().corrupt == 1);
    CHECK(state_of(snapshots.load(key_of("orders/1"))) == "five");
}

TEST_CASE("a database of somebody else's that is damaged is not removed") {
    TemporaryDirectory directory;
    const auto file = directory.path() / "service.db";
    std::ofstream(file) << std::string(8192, 'x');

    CHECK_THROWS_AS(SqliteSnapshots(Database::open(file)), DatabaseError);

    CHECK(std::filesystem::file_size(file) == 8192);
}

TEST_CASE("snapshots that cannot be read are no snapshots") {
    TemporaryDirectory directory;
    const auto file = directory.path() / "snapshots.db";
    SqliteSnapshots snapshots(file);
    snapshots.save(key_of("orders/1"), at(5, "five"));
    {
        SQLite::Database database(file.string(), SQLite::OPEN_READWRITE);
        database.exec("ALTER TABLE foldback_snapshots RENAME TO elsewhere");
    }

    CHECK_FALSE(snapshots.load(key_of("orders/1")));

    CHECK(snapshots.counters().corrupt == 1);
}

}  // namespace foldback::snapshot_tests
