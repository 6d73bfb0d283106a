#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <future>
#include <random>
#include <string>

#include "foldback/postgres/postgres_log.hpp"
#include "foldback/store/log_store.hpp"
#include "postgres/connection.hpp"
#include "support/eventually.hpp"
#include "support/postgres_server.hpp"
#include "support/temporary_directory.hpp"

/// The keeper of a log, whose session is lost.
namespace foldback::nodes {
namespace {

using namespace std::chrono_literals;
using postgres::Row;
using test::eventually;
using test::PostgresServer;

struct Keeper {
    explicit Keeper(PostgresLogOptions options) {
        options.answer_timeout = 500ms;
        options.keeper = true;
        options.on_keeper_lost = [this](const std::string&) { ++lost; };
        store = LogStore::open_shared(open_postgres_log(std::move(options)), directory.path() / "node");
    }
    void create(std::string_view path) const {
        REQUIRE(store->create({.stream = path, .config = {.content_type = "application/json"}}).value().created);
    }

    std::atomic<int> lost{0};
    test::TemporaryDirectory directory;
    std::unique_ptr<LogStore> store;
};

/// What a server says of its sessions.
class Sessions {
public:
    explicit Sessions(const std::string& url) : session_(url, 10s) {}

    /// Of the keeper of the only log that has one, when it has nothing to do; 0: there is none.
    [[nodiscard]] std::int64_t keeper() {
        return number(
            "SELECT coalesce(max(pid), 0)::bigint FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = "
            "'advisory' AND objid = 1 AND objsubid = 2 AND granted AND state = 'idle' AND query LIKE '%pg_notify%'");
    }
    void wait_for_waiting() {
        while (number("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") == 0) {
        }
    }
    void end(std::int64_t process) {
        session_.run("SELECT pg_terminate_backend($1::int)", {process}, [](const Row&) {});
    }
    /// That asked for the lock of the keeper last, and got an answer.
    [[nodiscard]] std::int64_t trying_to_keep() {
        return number(
            "SELECT count(*) FROM pg_stat_activity WHERE (query LIKE '%pg_try_advisory_lock%' OR query LIKE "
            "'%pg_terminate_backend(pid)%') AND state = 'idle' AND pid <> pg_backend_pid()");
    }

private:
    std::int64_t number(const char* sql) {
        std::int64_t found = 0;
        session_.run(sql, {}, [&](const Row& row) { found = row.number(0); });
        return found;
    }

    postgres::Connection session_;
};

bool can_keep(const std::string& url) {
    try {
        (void)open_postgres_log({.url = url, .keeper = true});
        return true;
    } catch (const StorageError&) {
        return false;
    }
}

}  // namespace

TEST_CASE("a log has one keeper at a time") {
    PostgresServer server;
    const auto url = server.new_schema();
    auto keeper = open_postgres_log({.url = url, .keeper = true});

    CHECK_THROWS_WITH_AS((void)open_postgres_log({.url = url, .keeper = true}), doctest::Contains("keeper"),
                         StorageError);
    (void)open_postgres_log({.url = url});

    keeper.reset();
    CHECK(eventually([&] { return can_keep(url); }));
}

TEST_CASE("a keeper is not told that another one is when only its own session before is still there") {
    PostgresServer server;
    const auto url = server.new_schema();
    const Keeper keeper({.url = url});
    Sessions sessions(url);
    keeper.create("a");
    REQUIRE(eventually([&] { return sessions.keeper() > 0; }));
    const auto before = sessions.keeper();
    REQUIRE(server.silence_sessions("SELECT pg_notify") == 1);

    keeper.create("b");
    REQUIRE(eventually([&] { return sessions.trying_to_keep() > 0 || keeper.lost > 0; }));
    server.speak_again();

    keeper.create("c");
    CHECK(eventually([&] { return sessions.keeper() != before && sessions.keeper() > 0; }));
    CHECK(keeper.lost == 0);
    CHECK_FALSE(can_keep(url));
}

TEST_CASE("a node that is the keeper no longer hears of other nodes' commits all the same") {
    PostgresServer server;
    const auto url = server.new_schema();
    const Keeper keeper({.url = url});
    keeper.create("a");
    Sessions sessions(url);
    REQUIRE(eventually([&] { return sessions.keeper() > 0; }));
    postgres::Connection other(url, 10s);
    auto becomes_keeper = std::async(std::launch::async, [&] {
        other.run("SELECT pg_advisory_lock('foldback_log'::regclass::oid::int, 1)", {}, [](const Row&) {});
    });
    sessions.wait_for_waiting();
    sessions.end(sessions.keeper());
    becomes_keeper.get();
    REQUIRE(eventually([&] { return keeper.lost == 1; }));

    const test::TemporaryDirectory directory;
    const auto node = LogStore::open_shared(open_postgres_log({.url = url}), directory.path() / "node");
    std::promise<void> told;
    const auto watch = keeper.store->watch("a", Offset{0}, [&] { told.set_value(); });
    REQUIRE(node->append({.stream = "a", .messages = Messages::json("1").value()}).has_value());

    CHECK(told.get_future().wait_for(20s) == std::future_status::ready);
    CHECK(keeper.lost == 1);
}

TEST_CASE("a keeper that writes nothing notices that its database is silent and another one keeps the log") {
    PostgresServer primary({"synchronous_standby_names=second"});
    const auto standby = primary.standby("second");
    const Keeper keeper({.url = primary.url_with(*standby)});
    keeper.create("a");
    REQUIRE(eventually([&] { return Sessions(primary.url_with(*standby)).keeper() > 0; }));
    primary.fall_silent();
    standby->promote();
    std::shared_ptr<SharedLog> other;
    try {
        other = open_postgres_log({.url = standby->url_with(primary), .keeper = true});
    } catch (const StorageError&) {
        return;  // the keeper has noticed, and is there already
    }

    CHECK(eventually([&] { return keeper.lost == 1; }));
}

TEST_CASE("the database soon notices that the machine of the keeper is gone") {
    std::mt19937 random{std::random_device{}()};
    const auto number = [&] { return std::uniform_int_distribution(1, 254)(random); };
    const auto address = "127." + std::to_string(number()) + '.' + std::to_string(number()) + ".1";
    PostgresServer server({"listen_addresses=" + address});
    const Keeper keeper({.url = "postgresql://foldback@" + address + "/postgres"});

    // Of a connection: " <local address>:<port> <remote> <state> <queues> 02:<until it is asked whether it is there, in 1/100 s> …"
    const auto asked_soon = [] {
        std::ifstream connections("/proc/net/tcp");
        for (std::string line; std::getline(connections, line);) {
            const auto timer = line.find(" 02:");
            const bool is_here = line.find(":1538 ") < 20;
            if (is_here && timer != std::string::npos && std::stoul(line.substr(timer + 4, 8), nullptr, 16) <= 3'000)
                return true;
        }
        return false;
    };
    CHECK(eventually(asked_soon));
}

}  // namespace foldback::nodes
