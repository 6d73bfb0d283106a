#include <doctest/doctest.h>

#include "foldback/store/log_store.hpp"
#include "log/faulty_device.hpp"

/// A store without threads, which works until nothing is left to do.
namespace foldback {
namespace {

using namespace std::chrono_literals;

struct DrivenStore {
    ManualClock clock;
    std::shared_ptr<FaultyDevice> device = std::make_shared<FaultyDevice>(1);
    std::unique_ptr<LogStore> store =
        LogStore::over(device, {.segment_bytes = 128 << 10, .clock = &clock, .background_threads = false});

    void fail_a_write() {
        device->fail_once_after(0, std::errc::io_error);
        CHECK_THROWS_AS(static_cast<void>(store->append({.stream = "lasting", .messages = Messages::bytes("x")})),
                        StorageError);
        REQUIRE(store->stats().broken);
    }
    void fill_the_disk() {
        FaultyDevice::Faults full;
        full.capacity_bytes = device->used_bytes();
        device->set_faults(full);
        while (store->append({.stream = "lasting", .messages = Messages::bytes(std::string(10'000, 'x'))})) {
        }
        std::uint64_t given_up = 0;
        while (store->truncate_before("lasting", Offset{++given_up})) {
        }
    }
};

}  // namespace

TEST_CASE_FIXTURE(DrivenStore, "a store that cannot delete what is over has nothing to do") {
    REQUIRE(store->create({.stream = "lasting"}).has_value());
    REQUIRE(store->create({.stream = "passing", .config = {.ttl = 1s}}).has_value());
    SUBCASE("because it broke") { fail_a_write(); }
    SUBCASE("because the disk is full") { fill_the_disk(); }
    clock.advance(2s);

    store->run_until_idle();

    CHECK(store->stats().streams == 2);
    CHECK_FALSE(store->head("passing").has_value());
}

TEST_CASE_FIXTURE(DrivenStore, "what was over when the disk was full is deleted when there is space again") {
    REQUIRE(store->create({.stream = "lasting"}).has_value());
    REQUIRE(store->create({.stream = "passing", .config = {.ttl = 1s}}).has_value());
    fill_the_disk();
    clock.advance(2s);
    store->run_until_idle();
    device->set_faults({});
    clock.advance(1s);

    store->run_until_idle();

    CHECK(store->stats().streams == 1);
}

}  // namespace foldback
