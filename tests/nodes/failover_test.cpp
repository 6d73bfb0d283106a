#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "foldback/postgres/postgres_log.hpp"
#include "foldback/store/log_store.hpp"
#include "nodes/state_text.hpp"
#include "support/eventually.hpp"
#include "support/postgres_server.hpp"
#include "support/temporary_directory.hpp"

namespace foldback::nodes {
namespace {

using namespace std::chrono_literals;
using test::eventually;
using test::PostgresServer;

/// An idempotent producer at one node: appends numbers, again and again until each is acknowledged.
class Producing {
public:
    Producing(StreamStore& store, std::string name) : store_(store), name_(std::move(name)) {
        thread_ = std::thread([this] { run(); });
    }
    ~Producing() { stop(); }
    void stop() {
        stopping_ = true;
        if (thread_.joinable()) thread_.join();
    }
    [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }

    /// False when it takes too long.
    [[nodiscard]] bool comes_to(std::uint64_t count) const {
        const auto deadline = std::chrono::steady_clock::now() + 30s;
        while (acknowledged_ < count && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
        return acknowledged_ >= count;
    }

private:
    void run() {
        while (!stopping_) {
            AppendRequest request{.stream = "a", .messages = Messages::json('"' + name_ + '"').value()};
            request.producer = Producer{name_, 0, acknowledged_};
            try {
                if (store_.append(std::move(request))) ++acknowledged_;
            } catch (const StorageError&) {
                std::this_thread::yield();
            }
        }
    }

    StreamStore& store_;
    const std::string name_;
    std::atomic<std::uint64_t> acknowledged_{0};
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace

TEST_CASE("when the database fails over to its synchronous standby, nothing acknowledged is lost and nodes go on") {
    PostgresServer primary({"synchronous_standby_names=second"});
    const auto standby = primary.standby("second");
    const PostgresLogOptions options{.url = primary.url_with(*standby), .patience = 1s, .answer_timeout = 500ms};
    const test::TemporaryDirectory directory;
    const auto one = LogStore::open_shared(open_postgres_log(options), directory.path() / "one");
    const auto other = LogStore::open_shared(open_postgres_log(options), directory.path() / "other");
    REQUIRE(one->create({.stream = "a", .config = {.content_type = "application/json"}}).value().created);
    Producing first(*one, "1");
    Producing second(*other, "2");
    REQUIRE(first.comes_to(20));
    REQUIRE(second.comes_to(20));

    primary.kill();
    standby->promote();
    REQUIRE(first.comes_to(first.acknowledged() + 20));
    REQUIRE(second.comes_to(second.acknowledged() + 20));
    first.stop();
    second.stop();

    CHECK_FALSE(one->stats().broken);
    CHECK_FALSE(other->stats().broken);
    const auto total = one->head("a").value().tail.offset.value;
    CHECK(total >= first.acknowledged() + second.acknowledged());
    CHECK(total <= first.acknowledged() + second.acknowledged() + 2);
    CHECK(state_of(*one) == state_of(*other));
    const auto late = LogStore::open_shared(open_postgres_log(options), directory.path() / "late");
    CHECK(state_of(*late) == state_of(*one));
}

TEST_CASE("what the synchronous standby does not have is acknowledged by no node") {
    PostgresServer primary({"synchronous_standby_names=second"});
    const auto standby = primary.standby("second");
    const PostgresLogOptions options{.url = primary.new_schema(), .patience = 1s, .answer_timeout = 500ms};
    const test::TemporaryDirectory directory;
    const auto one = LogStore::open_shared(open_postgres_log(options), directory.path() / "one");
    const auto other = LogStore::open_shared(open_postgres_log(options), directory.path() / "other");
    REQUIRE(one->create({.stream = "a", .config = {.content_type = "application/json"}}).value().created);
    const auto appended = [](StreamStore& store) {
        AppendRequest request{.stream = "a", .messages = Messages::json("1").value()};
        request.producer = Producer{"p", 0, 0};
        return store.append(std::move(request)).has_value();
    };
    standby->fall_silent();
    CHECK_THROWS_AS((void)appended(*one), OutcomeUnknown);

    // They are visible from now on, as after a crash of the primary.
    primary.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
    REQUIRE(eventually([&] { return other->head("a").value().tail.offset == Offset{1}; }));
    CHECK_THROWS_AS((void)appended(*other), StorageError);

    standby->speak_again();
    CHECK(eventually([&] {
        try {
            return appended(*other);
        } catch (const StorageError&) {
            return false;
        }
    }));
    CHECK(other->head("a").value().tail.offset == Offset{1});
}

TEST_CASE("when the database says nothing any more, nodes go over to the next one that their URL names") {
    PostgresServer primary({"synchronous_standby_names=second"});
    const auto standby = primary.standby("second");
    const PostgresLogOptions options{.url = primary.url_with(*standby), .patience = 10s, .answer_timeout = 500ms};
    const test::TemporaryDirectory directory;
    const auto one = LogStore::open_shared(open_postgres_log(options), directory.path() / "one");
    REQUIRE(one->create({.stream = "a", .config = {.content_type = "application/json"}}).value().created);
    Producing first(*one, "1");
    REQUIRE(first.comes_to(20));

    primary.fall_silent();
    standby->promote();
    CHECK(first.comes_to(first.acknowledged() + 20));
    first.stop();

    const auto late = LogStore::open_shared(open_postgres_log(options), directory.path() / "late");
    CHECK(state_of(*late) == state_of(*one));
}

}  // namespace foldback::nodes
