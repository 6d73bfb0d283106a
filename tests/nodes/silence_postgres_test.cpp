#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "foldback/postgres/postgres_log.hpp"
#include "foldback/store/log_store.hpp"
#include "postgres/connection.hpp"
#include "postgres/turn_line.hpp"
#include "support/eventually.hpp"
#include "support/postgres_server.hpp"
#include "support/temporary_directory.hpp"

/// What becomes of nodes when sessions of the database say nothing, and do not end either.
namespace foldback::nodes {
namespace {

using namespace std::chrono_literals;
using test::eventually;
using test::PostgresServer;

AppendRequest of(std::string_view path, std::string_view body) {
    return {.stream = path, .messages = Messages::json(body).value()};
}

/// Appends at a node without a pause.
class Appending {
public:
    explicit Appending(StreamStore& store) : store_(store), thread_([this] { run(); }) {}
    ~Appending() {
        stopping_ = true;
        thread_.join();
    }
    [[nodiscard]] bool goes_on() const {
        const auto before = appended_.load();
        return eventually([&] { return appended_ > before + 5; });
    }

private:
    void run() {
        while (!stopping_) {
            try {
                if (store_.append(of("a", "1"))) ++appended_;
            } catch (const StorageError&) {
                std::this_thread::yield();
            }
        }
    }

    StreamStore& store_;
    std::atomic<bool> stopping_{false};
    std::atomic<std::uint64_t> appended_{0};
    std::thread thread_;
};

}  // namespace

TEST_CASE("nodes whose sessions for turns say nothing any more go on without turns") {
    PostgresServer server;
    const PostgresLogOptions options{.url = server.new_schema(), .answer_timeout = 500ms};
    const test::TemporaryDirectory directory;
    const auto one = LogStore::open_shared(open_postgres_log(options), directory.path() / "one");
    const auto other = LogStore::open_shared(open_postgres_log(options), directory.path() / "other");
    REQUIRE(one->create({.stream = "a", .config = {.content_type = "application/json"}}).value().created);
    const Appending first(*one);
    const Appending second(*other);
    REQUIRE(first.goes_on());
    REQUIRE(second.goes_on());

    REQUIRE(eventually([&] { return server.silence_sessions("pg_advisory_") == 2; }));

    CHECK(first.goes_on());
    CHECK(second.goes_on());
}

TEST_CASE("a node that says nothing keeps its turn for a moment only") {
    PostgresServer server;
    const auto url = server.new_schema();
    (void)open_postgres_log({.url = url});
    const auto connect = [&] { return std::make_unique<postgres::Connection>(url, 10s); };
    postgres::TurnLine silent(connect);
    postgres::TurnLine other(connect);
    silent.take([] {});

    const auto waits = [&] {
        const auto began = std::chrono::steady_clock::now();
        other.take([] {});
        const auto waited = std::chrono::steady_clock::now() - began;
        other.end();
        return waited;
    };
    CHECK(waits() > 200ms);
    CHECK(eventually([&] { return waits() < 100ms; }));
    silent.end();
    silent.take([] {});
    CHECK(waits() > 200ms);
}

TEST_CASE("however often an append is tried while the database stands still, it has few sessions there") {
    PostgresServer server;
    const PostgresLogOptions options{.url = server.new_schema(), .patience = 200ms, .answer_timeout = 200ms};
    const test::TemporaryDirectory directory;
    const auto node = LogStore::open_shared(open_postgres_log(options), directory.path() / "node");
    REQUIRE(node->create({.stream = "a", .config = {.content_type = "application/json"}}).value().created);
    server.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    server.execute("SELECT pg_reload_conf()");
    for (int unknown = 0; unknown < 6;) {
        try {
            (void)node->append(of("a", "1"));
        } catch (const OutcomeUnknown&) {
            ++unknown;
        }
    }

    postgres::Connection session(options.url, 10s);
    const auto waiting = [&] {
        std::int64_t count = 0;
        session.run("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'transactionid'", {},
                    [&](const postgres::Row& row) { count = row.number(0); });
        return count;
    };
    CHECK(waiting() >= 5);
    CHECK(eventually([&] { return waiting() == 0; }));
}

}  // namespace foldback::nodes
