#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "foldback/postgres/postgres_log.hpp"
#include "foldback/store/log_store.hpp"
#include "foldback/store/partitioned_store.hpp"
#include "support/eventually.hpp"
#include "support/postgres_server.hpp"
#include "support/temporary_directory.hpp"

/// Sliding expiry over a real database, by the nodes' own threads. The clock is moved by hand and the same for all.
namespace foldback::nodes {
namespace {

using namespace std::chrono_literals;
using test::eventually;

test::PostgresServer& database() {
    static test::PostgresServer server;
    return server;
}

struct Node {
    Node(const std::string& url, const ManualClock& clock)
        : store(LogStore::open_shared(open_postgres_log({.url = url}), directory.path() / "data", {.clock = &clock})) {}

    test::TemporaryDirectory directory;
    std::unique_ptr<LogStore> store;
};

struct PartitionedNode {
    PartitionedNode(const std::string& url, const ManualClock& clock) {
        std::vector<std::unique_ptr<MeasuredStore>> stores;
        for (const auto& schema : open_postgres_partitions({.url = url}, 3)) {
            stores.push_back(LogStore::open_shared(open_postgres_log({.url = url, .schema = schema}),
                                                   directory.path() / schema, {.clock = &clock}));
        }
        store = std::make_unique<PartitionedStore>(std::move(stores));
    }

    test::TemporaryDirectory directory;
    std::unique_ptr<PartitionedStore> store;
};

void create(StreamStore& store, const std::string& path, std::chrono::seconds ttl) {
    REQUIRE(store.create({.stream = path, .config = {.content_type = "application/json", .ttl = ttl}}).has_value());
}

/// Some streams of two nodes, which are read on the first of them alone.
template <class SomeNode>
void check_that_reads_count_everywhere(SomeNode& one, SomeNode& other, ManualClock& clock, std::size_t streams) {
    const auto path = [](std::size_t i) { return "tenant" + std::to_string(i) + "/s"; };
    for (std::size_t i = 0; i < streams; ++i) create(*other.store, path(i), 60s);
    clock.advance(30s);
    for (std::size_t i = 0; i < streams; ++i) CHECK(one.store->read({.stream = path(i)}).has_value());
    const auto told = other.store->stats().committed_bytes;
    clock.advance(25s);

    // Nobody asks: the one says so by itself, and the other hears of it.
    CHECK(eventually([&] { return other.store->stats().committed_bytes >= told + streams * 64; }));

    clock.advance(34'999ms);
    for (std::size_t i = 0; i < streams; ++i) CHECK(other.store->head(path(i)).has_value());
    clock.advance(1ms);
    for (std::size_t i = 0; i < streams; ++i) CHECK_FALSE(other.store->head(path(i)).has_value());
    CHECK(eventually([&] { return one.store->stats().streams == 0 && other.store->stats().streams == 0; }));
}

}  // namespace

TEST_CASE("what is read on one node stays on all nodes of a database, and goes when it is idle") {
    ManualClock clock;
    const auto url = database().new_schema();
    Node one(url, clock);
    Node other(url, clock);

    check_that_reads_count_everywhere(one, other, clock, 5);
}

TEST_CASE("what is read on one node stays on all nodes of a store in several logs") {
    ManualClock clock;
    const auto url = database().new_schema();
    PartitionedNode one(url, clock);
    PartitionedNode other(url, clock);

    check_that_reads_count_everywhere(one, other, clock, 20);
}

TEST_CASE("many readers on one node keep a stream for all, however fast the time goes") {
    ManualClock clock;
    const auto url = database().new_schema();
    Node one(url, clock);
    Node other(url, clock);
    create(*one.store, "s", 20s);
    std::atomic<bool> stopping{false};
    std::atomic<std::size_t> refused{0};
    std::array<std::atomic<std::size_t>, 3> rounds{};
    std::vector<std::thread> readers;
    for (auto& count : rounds) {
        readers.emplace_back([&] {
            while (!stopping) {
                if (!one.store->read({.stream = "s"})) ++refused;
                ++count;
            }
        });
    }

    const auto commits = one.store->stats().commits;
    for (int step = 0; step < 200; ++step) {
        clock.advance(1s);
        // A read that began before may still count as of then.
        for (auto& count : rounds) {
            const auto seen = count.load();
            CHECK(eventually([&] { return count >= seen + 2; }));
        }
        CHECK(other.store->head("s").has_value());
    }
    stopping = true;
    for (auto& reader : readers) reader.join();

    CHECK(refused == 0);
    CHECK(one.store->stats().commits - commits <=
          40);  // of one each time, and one that a reader asked for at the same moment
    clock.advance(20s);
    CHECK_FALSE(one.store->head("s").has_value());
    CHECK_FALSE(other.store->head("s").has_value());
}

}  // namespace foldback::nodes
