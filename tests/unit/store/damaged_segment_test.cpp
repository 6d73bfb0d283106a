#include <doctest/doctest.h>

#include <string>

#include "foldback/store/log_store.hpp"
#include "log/faulty_device.hpp"

/// A store one of whose segments turns out to be damaged while it is in use.
namespace foldback {
namespace {

struct StoreOfSegments {
    std::shared_ptr<FaultyDevice> device = std::make_shared<FaultyDevice>(1);
    std::unique_ptr<LogStore> store = LogStore::over(device, {.segment_bytes = 128 << 10, .background_threads = false});

    /// Appends until there are so many segments.
    void fill(const char* stream, std::uint64_t segments) {
        while (store->stats().segments < segments)
            REQUIRE(
                store->append({.stream = stream, .messages = Messages::bytes(std::string(10'000, 'x'))}).has_value());
    }
};

}  // namespace

TEST_CASE_FIXTURE(StoreOfSegments, "a damaged segment does not keep the space of others from being given back") {
    REQUIRE(store->create({.stream = "passing"}).has_value());
    fill("passing", 4);
    REQUIRE(store->remove("passing").has_value());
    store->run_one(LogStore::Work::checkpoint);
    device->flip_bit("0000000001.segment", 8 * 50'000);

    CHECK_THROWS_AS(store->run_one(LogStore::Work::rewrite), StorageError);
    CHECK(store->run_one(LogStore::Work::rewrite));
    CHECK(store->run_one(LogStore::Work::rewrite));
    CHECK_FALSE(store->run_one(LogStore::Work::rewrite));

    CHECK(store->stats().segments_rewritten == 2);
    CHECK_THROWS_AS(store->run_one(LogStore::Work::rewrite), StorageError);
}

}  // namespace foldback
