#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <set>
#include <thread>

#include "foldback/postgres/postgres_log.hpp"
#include "foldback/store/log_store.hpp"
#include "nodes/state_text.hpp"
#include "postgres/connection.hpp"
#include "support/eventually.hpp"
#include "support/postgres_server.hpp"
#include "support/temporary_directory.hpp"

/// Nodes over a real database, and what becomes of a write when that does not answer.
namespace foldback::nodes {
namespace {

using namespace std::chrono_literals;
using postgres::Connection;
using test::eventually;
using test::PostgresServer;

PostgresServer& database() {
    static PostgresServer server;
    return server;
}

struct Node {
    explicit Node(std::string database_url, std::chrono::milliseconds patience = 20s)
        : url(std::move(database_url)), options{.url = url, .patience = patience, .answer_timeout = 300ms} {
        open();
    }
    void open() {
        store.reset();
        store = LogStore::open_shared(open_postgres_log(options), directory.path() / "data", {}, &report);
    }

    std::string url;
    PostgresLogOptions options;
    test::TemporaryDirectory directory;
    OpenReport report;
    std::unique_ptr<LogStore> store;
};

void create(Node& node, std::string_view path) {
    REQUIRE(node.store->create({.stream = path, .config = {.content_type = "application/json"}}).value().created);
}
AppendRequest of(std::string_view path, std::string_view body) {
    return {.stream = path, .messages = Messages::json(body).value()};
}
void append(Node& node, std::string_view path, std::string_view body) {
    REQUIRE(node.store->append(of(path, body)).has_value());
}
std::string messages_of(Node& node, std::string_view path) {
    std::string all;
    const auto page = node.store->read({.stream = path}).value();
    for (const auto& message : page) all += (all.empty() ? "" : ",") + std::string(message.data);
    return all;
}

/// Keeps everybody from appending, as a disk does that stands still: a statement waits, and so does its end.
class StandStill {
public:
    explicit StandStill(const std::string& url) : session_(url, 10s) {
        session_.run("BEGIN");
        session_.run("LOCK TABLE foldback_commits IN SHARE MODE");
    }
    /// Waits until so many appends wait.
    void wait_for_waiting(std::int64_t count) {
        std::int64_t waiting = 0;
        while (waiting < count) {
            session_.run("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'foldback_commits'::regclass",
                         {}, [&](const postgres::Row& row) { waiting = row.number(0); });
        }
    }
    void end() { session_.run("COMMIT"); }

private:
    Connection session_;
};

}  // namespace

TEST_CASE("a commit is as many rows as it has pages, and comes back as it was") {
    Node node(database().new_schema());
    create(node, "a");
    Connection session(node.url, 10s);
    struct Held {
        std::int64_t rows = 0;
        std::int64_t bytes = 0;
    };
    const auto held = [&] {
        Held found;
        session.run("SELECT count(*), sum(length(data))::bigint FROM foldback_commits", {},
                    [&](const postgres::Row& row) {
                        found = {row.number(0), row.number(1)};
                    });
        return found;
    };
    std::vector<std::size_t> lengths{16'000, 400'000};
    for (std::size_t length = 7'860; length < 7'920; ++length) lengths.push_back(length);

    std::set<std::int64_t> sizes;
    std::string all;
    for (const auto length : lengths) {
        const auto body = '"' + std::string(length, 'x') + '"';
        const auto before = held();
        append(node, "a", body);
        const auto after = held();
        const auto bytes = after.bytes - before.bytes;
        CHECK(after.rows - before.rows == (bytes + 7'999) / 8'000);
        sizes.insert(bytes);
        all += (all.empty() ? "" : ",") + body;
    }
    CHECK(sizes.contains(8'000));

    Node other(node.url);
    CHECK((messages_of(other, "a") == all));
    CHECK(state_of(*other.store) == state_of(*node.store));
}

TEST_CASE("what is left of a commit that lost its first row is not taken for a part of another one") {
    Node node(database().new_schema());
    create(node, "a");
    append(node, "a", '"' + std::string(20'000, 'x') + '"');
    append(node, "a", "1");
    Connection session(node.url, 10s);
    session.run(
        "DELETE FROM foldback_commits WHERE crc IS NOT NULL AND (segment, byte) = (SELECT segment, max(byte) FROM "
        "foldback_commits WHERE length(data) = 8000 AND crc IS NOT NULL GROUP BY segment)");

    CHECK_THROWS_WITH_AS(Node(node.url), doctest::Contains("does not hold what follows byte"), StorageError);
}

TEST_CASE("an append whose answer never came is found to be there, and acknowledged once") {
    Node node(database().new_schema());
    create(node, "a");
    append(node, "a", "0");  // from now on the statement is known to the server
    StandStill still(node.url);
    auto appended = std::async(std::launch::async, [&] { return node.store->append(of("a", "1")); });
    still.wait_for_waiting(2);  // the first one, whose session the node gave up, and the next try

    still.end();

    CHECK(appended.get().value().next.offset == Offset{2});
    CHECK(messages_of(node, "a") == "0,1");
    Node other(node.url);
    CHECK(state_of(*other.store) == state_of(*node.store));
}

TEST_CASE("an append whose outcome cannot be found out in time is refused as unknown, and folded when it appears") {
    Node node(database().new_schema(), 500ms);
    create(node, "a");
    append(node, "a", "0");  // from now on the statement is known to the server
    StandStill still(node.url);

    CHECK_THROWS_AS((void)node.store->append(of("a", "1")), OutcomeUnknown);
    still.end();

    CHECK(eventually([&] { return messages_of(node, "a") != "0"; }));
    append(node, "a", "2");
    CHECK(messages_of(node, "a") == "0,1,2");
}

TEST_CASE("an append that is under way when the database turns unfit is refused as unknown") {
    PostgresServer server;
    Node node(server.new_schema());
    node.options.answer_timeout = 2s;
    node.open();
    create(node, "a");
    append(node, "a", "0");  // from now on the statement is known to the server
    StandStill still(node.url);
    auto appended = std::async(std::launch::async, [&] { return node.store->append(of("a", "1")); });
    still.wait_for_waiting(1);
    server.execute("ALTER SYSTEM SET fsync = off");
    server.execute("SELECT pg_reload_conf()");

    CHECK_THROWS_AS((void)appended.get(), OutcomeUnknown);

    still.end();
    server.execute("ALTER SYSTEM RESET fsync");
    server.execute("SELECT pg_reload_conf()");
    const auto is_open = [&] {
        try {
            node.open();
            return true;
        } catch (const StorageError&) {
            return false;
        }
    };
    REQUIRE(eventually(is_open));
    CHECK(eventually([&] { return messages_of(node, "a") == "0,1"; }));
}

TEST_CASE(
    "while the database is away a node answers reads, refuses writes in bounded time, and goes on when it is back") {
    PostgresServer server;
    Node node(server.new_schema(), 300ms);
    create(node, "a");
    append(node, "a", "1");
    server.kill();

    CHECK_THROWS_AS((void)node.store->append(of("a", "2")), StorageError);
    CHECK(messages_of(node, "a") == "1");
    CHECK(node.store->head("a").value().tail.offset == Offset{1});

    server.start();
    auto request = of("a", "3");
    request.producer = Producer{"p", 0, 0};
    const auto append = [&] {
        try {
            return node.store->append(request).has_value();
        } catch (const StorageError&) {
            return false;
        }
    };
    CHECK(eventually(append));
    CHECK(messages_of(node, "a").ends_with("3"));
}

TEST_CASE("a node that only reads notices that its database was set back") {
    PostgresServer server;
    Node node(server.new_schema());
    create(node, "a");
    append(node, "a", "1");
    Node reader(node.url);
    append(node, "a", "2");
    REQUIRE(messages_of(reader, "a") == "1,2");
    node.store.reset();

    Connection session(node.url, 10s);
    session.run("DELETE FROM foldback_commits WHERE byte = (SELECT max(byte) FROM foldback_commits)");
    CHECK(messages_of(reader, "a") == "1,2");
    server.cut_sessions();

    CHECK(eventually([&] { return reader.store->stats().broken; }));
    reader.open();
    CHECK(messages_of(reader, "a") == "1");
}

TEST_CASE("a node that has folded all keeps on when its sessions are cut") {
    PostgresServer server;
    Node node(server.new_schema());
    create(node, "a");
    append(node, "a", "1");
    Node reader(node.url);
    for (int i = 0; i < 3; ++i) {
        server.cut_sessions();
        CHECK(messages_of(reader, "a") == "1");
    }
    append(reader, "a", "2");
    append(node, "a", "3");
    server.cut_sessions();
    CHECK(eventually([&] { return messages_of(reader, "a") == "1,2,3"; }));
    CHECK_FALSE(reader.store->stats().broken);
}

TEST_CASE("a node is told of other nodes' commits without asking") {
    Node one(database().new_schema());
    create(one, "a");
    Node other(one.url);
    std::promise<void> told;
    const auto watch = other.store->watch("a", Offset{0}, [&] { told.set_value(); });

    append(one, "a", "1");

    CHECK(told.get_future().wait_for(20s) == std::future_status::ready);
}

TEST_CASE("nodes that append to one stream at once lose nothing, and each gets its turns") {
    constexpr int per_node = 60;
    const auto url = database().new_schema();
    std::vector<std::unique_ptr<Node>> nodes;
    for (int i = 0; i < 3; ++i) nodes.push_back(std::make_unique<Node>(url));
    create(*nodes[0], "a");
    std::vector<std::thread> threads;
    std::atomic<int> appended{0};
    for (auto& node : nodes) {
        threads.emplace_back([&] {
            for (int i = 0; i < per_node; ++i) appended += node->store->append(of("a", "1")).has_value() ? 1 : 0;
        });
    }
    for (auto& thread : threads) thread.join();

    CHECK(appended == 3 * per_node);
    const auto state = state_of(*nodes[0]->store);
    CHECK(nodes[0]->store->head("a").value().tail.offset == Offset{3 * per_node});
    for (const auto& node : nodes) CHECK(state_of(*node->store) == state);
}

TEST_CASE("a database that does not flush is refused") {
    PostgresServer server({"fsync=off"});

    CHECK_THROWS_WITH_AS((void)open_postgres_log({.url = server.new_schema()}), doctest::Contains("fsync"),
                         StorageError);
}

TEST_CASE("a session whose user lets commits be lost makes them durable all the same") {
    database().execute("ALTER ROLE foldback SET synchronous_commit = off");
    Node node(database().new_schema());

    create(node, "a");

    database().execute("ALTER ROLE foldback RESET synchronous_commit");
    CHECK(node.store->head("a").has_value());
}

}  // namespace foldback::nodes
