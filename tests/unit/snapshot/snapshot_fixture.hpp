#pragma once

#include "foldback/app/snapshot_store.hpp"

#include "contract/store_fixture.hpp"

/// What the tests of snapshots share: every store of snapshots there is.
namespace foldback::snapshot_tests {

using contract::TemporaryDirectory;

inline constexpr std::uint64_t code = 0xFEDCBA9876543210U;  // uses the sign bit of 64

inline SnapshotKey key_of(std::string_view stream, std::uint64_t incarnation = 1, std::uint64_t fingerprint = code) {
    return {.stream = stream, .incarnation = {incarnation}, .fingerprint = fingerprint};
}

inline Snapshot at(std::uint64_t offset, std::string state) {
    return {.offset = {offset},
            .taken_at = Timestamp{std::chrono::milliseconds{1'700'000'000'123}},
            .state = std::move(state)};
}

inline std::string state_of(const std::optional<Snapshot>& snapshot) { return snapshot ? snapshot->state : "none"; }

/// Runs a test on every store of snapshots.
template <class Test>
void on_every_snapshot_store(const Test& test, SnapshotOptions options = {}) {
    SUBCASE("in memory") {
        MemorySnapshots snapshots(options);
        test(snapshots);
    }
    SUBCASE("in a file of its own") {
        TemporaryDirectory directory;
        SqliteSnapshots snapshots(directory.path() / "snapshots.db", options);
        test(snapshots);
    }
    SUBCASE("in the service's database") {
        TemporaryDirectory directory;
        const auto database = Database::open(directory.path() / "service.db");
        database->write([](ReadModel& model) { model.script("CREATE TABLE orders (id TEXT)"); });
        SqliteSnapshots snapshots(database, options);
        test(snapshots);
    }
    SUBCASE("in a database in memory") {
        SqliteSnapshots snapshots(Database::in_memory(), options);
        test(snapshots);
    }
}

}  // namespace foldback::snapshot_tests
