#include <sys/resource.h>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include <doctest/doctest.h>

#include "foldback/app/database.hpp"
#include "foldback/app/read_model.hpp"
#include "support/temporary_directory.hpp"

/// What a transaction adds to the write-ahead log is written at once.
namespace foldback {
namespace {

/// Calls that wrote something, of this process so far.
std::uint64_t writes_so_far() {
    std::ifstream counters("/proc/self/io");
    std::string name;
    std::uint64_t value = 0;
    while (counters >> name >> value) {
        if (name == "syscw:") return value;
    }
    return 0;
}

void add_rows(ReadModel& model, int count) {
    const std::string text(500, 'x');
    for (int i = 0; i < count; ++i) model.execute("INSERT INTO t (text) VALUES (?)", {text});
}

std::int64_t count_in(Database& database) {
    std::int64_t rows = 0;
    database.read([&](ReadModel& model) { rows = model.value<std::int64_t>("SELECT count(*) FROM t").value(); });
    return rows;
}

std::string integrity_of(Database& database) {
    std::string words;
    database.read([&](ReadModel& model) { words = model.value<std::string>("PRAGMA integrity_check").value(); });
    return words;
}

std::shared_ptr<Database> database_in(const test::TemporaryDirectory& directory, DatabaseOptions options = {}) {
    auto database = Database::open(directory.path() / "test.db", options);
    database->write([](ReadModel& model) {
        model.script("CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, text TEXT NOT NULL)");
    });
    return database;
}

/// No file of this process grows beyond so many bytes while it lives.
class SizeLimit {
public:
    explicit SizeLimit(std::uintmax_t bytes) : before_(std::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &limit_);
        auto lower = limit_;
        lower.rlim_cur = bytes;
        ::setrlimit(RLIMIT_FSIZE, &lower);
    }
    ~SizeLimit() {
        ::setrlimit(RLIMIT_FSIZE, &limit_);
        std::signal(SIGXFSZ, before_);
    }
    SizeLimit(const SizeLimit&) = delete;
    SizeLimit& operator=(const SizeLimit&) = delete;

private:
    rlimit limit_{};
    void (*before_)(int);
};

}  // namespace

TEST_CASE("a transaction of hundreds of pages is a handful of writes") {
    const test::TemporaryDirectory directory;
    const auto database = database_in(directory);
    const auto before = writes_so_far();
    REQUIRE(before > 0);

    database->write([](ReadModel& model) { add_rows(model, 2'000); });

    // Some 290 pages, with a header each: it would be 580.
    CHECK(writes_so_far() - before < 30);
    CHECK(count_in(*database) == 2'000);
}

TEST_CASE("what was written to the log before a transaction is taken back does no harm") {
    const test::TemporaryDirectory directory;
    {
        // Pages do not fit, go to the log early, and are read from there.
        const auto database = database_in(directory, {.cache_bytes = 64 << 10});
        for (int round = 0; round < 5; ++round) {
            CHECK_THROWS_AS(database->write([](ReadModel& model) {
                add_rows(model, 700);
                model.execute("UPDATE t SET text = 'short' WHERE id % 3 = 0");
                throw std::runtime_error("no");
            }),
                            std::runtime_error);
            database->write([](ReadModel& model) {
                add_rows(model, 500);
                model.execute("UPDATE t SET text = text || 'y' WHERE id % 5 = 0");
            });
            CHECK(count_in(*database) == 500 * (round + 1));
        }
        CHECK(integrity_of(*database) == "ok");
    }
    const auto again = database_in(directory);
    CHECK(count_in(*again) == 2'500);
    CHECK(integrity_of(*again) == "ok");
}

TEST_CASE("a transaction that finds no room in the log is not there, and later ones are") {
    const test::TemporaryDirectory directory;
    const auto database = database_in(directory);
    database->write([](ReadModel& model) { add_rows(model, 10); });
    const auto log = directory.path() / "test.db-wal";
    {
        const SizeLimit limit(std::filesystem::file_size(log) + 100'000);
        CHECK_THROWS_AS(database->write([](ReadModel& model) { add_rows(model, 2'000); }), DatabaseError);
        CHECK(count_in(*database) == 10);
        database->write([](ReadModel& model) { add_rows(model, 1); });
    }
    database->write([](ReadModel& model) { add_rows(model, 2'000); });

    CHECK(count_in(*database) == 2'011);
    CHECK(integrity_of(*database) == "ok");
}

TEST_CASE("every commit is in the file when it returns") {
    const test::TemporaryDirectory directory;
    const auto database = database_in(directory);
    for (int i = 1; i <= 20; ++i) {
        database->write([&](ReadModel& model) { add_rows(model, i); });
        // What a process leaves that is killed now: the files as they are.
        const auto copy = directory.path() / "copy.db";
        for (const auto* end : {"", "-wal"}) {
            std::filesystem::copy_file(directory.path() / ("test.db" + std::string(end)), copy.string() + end,
                                       std::filesystem::copy_options::overwrite_existing);
        }
        std::filesystem::remove(copy.string() + "-shm");
        const auto left = Database::open(copy);
        CHECK(count_in(*left) == i * (i + 1) / 2);
    }
}

}  // namespace foldback
