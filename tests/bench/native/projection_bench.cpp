// Measures a projection of stored events into an SQLite table against the bare inserts, in one run.
// usage: projection_bench DIRECTORY [--json FILE]
#include <sqlite3.h>

#include <boost/describe.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "foldback/app/projection.hpp"
#include "foldback/app/projection_runner.hpp"
#include "foldback/core/envelope.hpp"
#include "foldback/store/log_store.hpp"
#include "report.hpp"

namespace {

using namespace foldback;
namespace fs = std::filesystem;

constexpr std::uint64_t events = 1'000'000;
constexpr std::uint64_t streams = 1'000;
constexpr std::size_t batch = 2'000;
constexpr int rounds = 3;

struct OrderPlaced {
    std::string customer;
    std::int64_t total = 0;
    std::string note;
};
BOOST_DESCRIBE_STRUCT(OrderPlaced, (), (customer, total, note))
using OrderEvent = Events<Named<"OrderPlaced", 1, OrderPlaced>>;

const char* const schema =
    "CREATE TABLE orders (position INTEGER PRIMARY KEY, stream TEXT, customer TEXT, total INTEGER)";
const char* const insert = "INSERT INTO orders VALUES (?, ?, ?, ?)";

struct Orders {
    void apply(ReadModel& model, const OrderPlaced& placed, const RecordedAt& where) const {
        model.execute(insert, {where.position.value, where.stream, placed.customer, placed.total});
    }
};

OrderPlaced event_of(std::uint64_t number) {
    return {"customer-" + std::to_string(number % 5'000), static_cast<std::int64_t>(number), std::string(90, 'n')};
}

std::string stream_of(std::uint64_t number) { return "orders/" + std::to_string(number % streams); }

/// Events of about 200 bytes, a thousand to an append.
void fill(StreamStore& store) {
    for (std::uint64_t first = 0; first < events; first += 1'000) {
        std::vector<std::string> texts;
        for (auto number = first; number < first + 1'000; ++number)
            texts.push_back(to_envelope(OrderEvent(event_of(number))));
        const auto appended = store.append({.stream = stream_of(first / 1'000),
                                            .messages = Messages::trusted_json(std::span<const std::string>(texts)),
                                            .create_with = StreamConfig{.content_type = "application/json"}});
        if (!appended) std::abort();
    }
}

double project_all(StreamStore& store, const fs::path& file) {
    for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(file.string() + suffix);
    const auto database = Database::open(file);
    ProjectionRunner runner(store, {.background_threads = false});
    auto definition =
        project<OrderEvent>({.name = "orders", .schema = schema, .events = {.categories = {"orders"}}}, Orders{});
    definition.batch_events = batch;
    runner.add(std::move(definition), database);
    const auto seconds = bench::seconds([&] { runner.run_until_caught_up(); });
    if (runner.status("orders").applied != events) std::abort();
    return static_cast<double>(events) / seconds;
}

void require(int code, int wanted) {
    if (code != wanted) std::abort();
}

/// The same rows by SQLite's own functions, with the same settings and as many to a transaction.
double insert_all(const fs::path& file) {
    for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(file.string() + suffix);
    std::vector<std::string> customers;
    std::vector<std::string> paths;
    for (std::uint64_t number = 0; number < 5'000; ++number) customers.push_back(event_of(number).customer);
    for (std::uint64_t number = 0; number < streams; ++number) paths.push_back(stream_of(number));
    sqlite3* db = nullptr;
    require(sqlite3_open(file.c_str(), &db), SQLITE_OK);
    const auto run = [&](const char* sql) { require(sqlite3_exec(db, sql, nullptr, nullptr, nullptr), SQLITE_OK); };
    run("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16384");
    run(schema);
    sqlite3_stmt* statement = nullptr;
    require(sqlite3_prepare_v2(db, insert, -1, &statement, nullptr), SQLITE_OK);
    const auto seconds = bench::seconds([&] {
        for (std::uint64_t number = 0; number < events; ++number) {
            if (number % batch == 0) run("BEGIN IMMEDIATE");
            const auto& path = paths[number / 1'000 % streams];
            const auto& customer = customers[number % 5'000];
            sqlite3_bind_int64(statement, 1, static_cast<sqlite3_int64>(number));
            sqlite3_bind_text(statement, 2, path.data(), static_cast<int>(path.size()), SQLITE_STATIC);
            sqlite3_bind_text(statement, 3, customer.data(), static_cast<int>(customer.size()), SQLITE_STATIC);
            sqlite3_bind_int64(statement, 4, static_cast<sqlite3_int64>(number));
            require(sqlite3_step(statement), SQLITE_DONE);
            sqlite3_reset(statement);
            if (number % batch == batch - 1) run("COMMIT");
        }
    });
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return static_cast<double>(events) / seconds;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: projection_bench DIRECTORY [--json FILE]\n");
        return 2;
    }
    const fs::path directory = argv[1];
    const auto store = LogStore::open(directory / "projection-store");
    fill(*store);
    const auto row = bench::compare(
        {.name = "projection of 1,000,000 events into a table",
         .unit = "events/s",
         .peer = "bare inserts, as many to a transaction",
         .target = 0.7},
        rounds, [&] { return project_all(*store, directory / "projection.db"); },
        [&] { return insert_all(directory / "inserts.db"); });
    bench::print(row);
    if (argc == 4 && std::string(argv[2]) == "--json") {
        std::ofstream(argv[3]) << nlohmann::json::array({bench::json_of(row)}).dump(2) << '\n';
    }
    return 0;
}
