#include <doctest/doctest.h>

#include <atomic>

#include "fault/story.hpp"
#include "support/temporary_directory.hpp"

/// Clocks that jump: the wall clock may be set by anybody at any time, the monotonic clock goes on.
namespace foldback::fault {
namespace {

using namespace std::chrono_literals;

class JumpingClock final : public Clock {
public:
    void pass(std::chrono::milliseconds time) {
        wall_ms_ += time.count();
        monotonic_ms_ += time.count();
    }
    void jump(std::chrono::milliseconds by) { wall_ms_ += by.count(); }

    [[nodiscard]] Timestamp now() const override { return Timestamp{std::chrono::milliseconds{wall_ms_.load()}}; }
    [[nodiscard]] std::chrono::milliseconds monotonic() const override {
        return std::chrono::milliseconds{monotonic_ms_.load()};
    }

private:
    std::atomic<std::int64_t> wall_ms_{1'700'000'000'000};
    std::atomic<std::int64_t> monotonic_ms_{0};
};

struct Fixture {
    JumpingClock clock;
    LogStoreOptions options{.clock = &clock, .background_threads = false};
    test::TemporaryDirectory directory{fast_directory()};
    std::unique_ptr<LogStore> store = LogStore::open(directory.path() / "data", options);

    void reopen() {
        store.reset();
        store = LogStore::open(directory.path() / "data", options);
    }
    [[nodiscard]] bool exists(const char* path) { return store->head(path).has_value(); }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a wall clock that jumps expires nothing") {
    REQUIRE(store->create({.stream = "idle", .config = {.ttl = 60s}}).has_value());

    for (const auto jump : {24h * 365, -48h * 365, 24h * 365}) {
        clock.jump(jump);
        clock.pass(10s);
        store->run_until_idle();
        CHECK(exists("idle"));
    }
    clock.pass(31s);
    store->run_until_idle();
    CHECK_FALSE(exists("idle"));
}

TEST_CASE_FIXTURE(Fixture, "a wall clock that jumps expires nothing that is not in memory") {
    options.max_resident_streams = 0;
    reopen();
    clock.pass(1h);  // idle times are counted from then on, not from when the store was opened
    REQUIRE(store->create({.stream = "idle", .config = {.ttl = 60s}}).has_value());
    store->run_until_idle();
    REQUIRE(store->stats().resident_streams == 0);

    for (const auto jump : {24h * 365, -48h * 365, 24h * 365}) {
        clock.jump(jump);
        clock.pass(10s);
        store->run_until_idle();
        CHECK(exists("idle"));
        store->run_until_idle();
        REQUIRE(store->stats().resident_streams == 0);
    }
    clock.pass(31s);
    store->run_until_idle();
    CHECK_FALSE(exists("idle"));
}

TEST_CASE_FIXTURE(Fixture, "a wall clock that jumps while the store is closed expires nothing that is merely idle") {
    REQUIRE(store->create({.stream = "idle", .config = {.ttl = 60s}}).has_value());

    for (const auto jump : {24h * 365, -48h * 365, 24h * 365}) {
        store.reset();
        clock.jump(jump);
        store = LogStore::open(directory.path() / "data", options);
        store->run_until_idle();
        CHECK(exists("idle"));
    }
    clock.pass(61s);
    store->run_until_idle();
    CHECK_FALSE(exists("idle"));
}

TEST_CASE_FIXTURE(Fixture, "a wall clock that goes back changes neither the order of messages nor what is appended") {
    REQUIRE(store->create({.stream = "events", .config = {.content_type = "application/json"}}).has_value());
    for (int i = 0; i < 20; ++i) {
        REQUIRE(store->append({.stream = "events", .messages = Messages::json(std::to_string(i)).value()}).has_value());
        clock.jump(i % 3 == 0 ? -1h : 1h);
        if (i % 7 == 6) reopen();
    }

    const auto page = store->read({.stream = "events"}).value();
    int expected = 0;
    for (const auto& message : page) CHECK(message.data == std::to_string(expected++));
    CHECK(expected == 20);
    Position next;
    for (const auto& message : store->read_feed({}).messages) CHECK(message.position.value == next.value++);
    CHECK(next.value == 20);
}

TEST_CASE_FIXTURE(Fixture, "an expiry time is one of the wall clock, whoever sets it") {
    REQUIRE(store->create({.stream = "until", .config = {.expires_at = clock.now() + 1h}}).has_value());

    clock.pass(30min);
    CHECK(exists("until"));
    clock.jump(1h);
    CHECK_FALSE(exists("until"));
}

}  // namespace foldback::fault
