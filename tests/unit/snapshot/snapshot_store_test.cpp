#include "foldback/app/snapshot_store.hpp"

#include "snapshot_fixture.hpp"

namespace foldback::snapshot_tests {

TEST_CASE("a snapshot comes back as it was saved") {
    on_every_snapshot_store([](SnapshotStore& snapshots) {
        const std::string state("\0{\"total\":1}\xFF", 13);
        snapshots.save(key_of("orders/1"), at(7, state));

        const auto found = snapshots.load(key_of("orders/1"));

        REQUIRE(found);
        CHECK(found->offset == Offset{7});
        CHECK(found->taken_at == at(7, {}).taken_at);
        CHECK(found->state == state);
        CHECK(snapshots.counters().hits == 1);
    });
}

TEST_CASE("an empty state is a state") {
    on_every_snapshot_store([](SnapshotStore& snapshots) {
        snapshots.save(key_of("orders/1"), at(1, ""));

        CHECK(state_of(snapshots.load(key_of("orders/1"))) == "");
    });
}

TEST_CASE("the snapshot with the greatest offset that is not too late is found") {
    on_every_snapshot_store([](SnapshotStore& snapshots) {
        snapshots.save(key_of("orders/1"), at(20, "twenty"));
        snapshots.save(key_of("orders/1"), at(10, "ten"));

        CHECK(state_of(snapshots.load(key_of("orders/1"))) == "twenty");
        CHECK(state_of(snapshots.load(key_of("orders/1"), Offset{20})) == "twenty");
        CHECK(state_of(snapshots.load(key_of("orders/1"), Offset{19})) == "ten");
        CHECK(state_of(snapshots.load(key_of("orders/1"), Offset{9})) == "none");
        CHECK(snapshots.counters().misses == 1);
        CHECK(snapshots.counters().foreign == 0);
    });
}

TEST_CASE("a snapshot of other code or of another stream is not found, and the former is counted") {
    on_every_snapshot_store([](SnapshotStore& snapshots) {
        snapshots.save(key_of("orders/1"), at(5, "five"));

        CHECK_FALSE(snapshots.load(key_of("orders/1", 1, code + 1)));
        CHECK_FALSE(snapshots.load(key_of("orders/2")));

        CHECK(snapshots.counters().foreign == 1);
        CHECK(snapshots.counters().misses == 2);
    });
}

TEST_CASE("a stream that was deleted and created again does not get its namesake's snapshot") {
    on_every_snapshot_store([](SnapshotStore& snapshots) {
        const auto store = LogStore::in_memory({.background_threads = false});
        const auto create_and_fill = [&] {
            contract::create_json(*store, "orders/1");
            contract::append_json(*store, "orders/1", "[1,2,3]");
            return store->head("orders/1").value();
        };
        const auto old = create_and_fill();
        snapshots.save({.stream = "orders/1", .incarnation = old.incarnation, .fingerprint = code}, at(3, "old"));
        REQUIRE(store->remove("orders/1"));

        const auto young = create_and_fill();

        CHECK(young.tail.offset == old.tail.offset);
        CHECK_FALSE(snapshots.load({.stream = "orders/1", .incarnation = young.incarnation, .fingerprint = code},
                                   young.tail.offset));
        CHECK(snapshots.counters().foreign == 1);
    });
}

TEST_CASE("the first snapshot of a new incarnation gives up the old one's, and none comes after it") {
    on_every_snapshot_store([](SnapshotStore& snapshots) {
        snapshots.save(key_of("orders/1", 1), at(5, "old"));
        snapshots.save(key_of("orders/1", 2), at(1, "young"));

        snapshots.save(key_of("orders/1", 1), at(6, "late"));

        CHECK_FALSE(snapshots.load(key_of("orders/1", 1)));
        CHECK(state_of(snapshots.load(key_of("orders/1", 2))) == "young");
        CHECK(snapshots.counters().pruned == 1);
        CHECK(snapshots.list("orders/1").size() == 1);
    });
}

TEST_CASE("a stream keeps the snapshots that were saved last") {
    on_every_snapshot_store(
        [](SnapshotStore& snapshots) {
            for (const std::uint64_t offset : {10U, 20U, 30U}) {
                snapshots.save(key_of("orders/1"), at(offset, std::to_string(offset)));
            }
            snapshots.save(key_of("orders/2"), at(1, "another stream"));

            CHECK(state_of(snapshots.load(key_of("orders/1"), Offset{19})) == "none");
            CHECK(state_of(snapshots.load(key_of("orders/1"), Offset{29})) == "20");
            CHECK(snapshots.list("orders/1").size() == 2);
            CHECK(snapshots.counters().pruned == 1);
        },
        {.keep_per_stream = 2});
}

TEST_CASE("what new code saves at an earlier offset is not pruned in favour of the old code's") {
    on_every_snapshot_store(
        [](SnapshotStore& snapshots) {
            snapshots.save(key_of("orders/1"), at(20, "old code"));
            snapshots.save(key_of("orders/1"), at(30, "old code"));

            snapshots.save(key_of("orders/1", 1, 1), at(10, "new code"));

            CHECK(state_of(snapshots.load(key_of("orders/1", 1, 1))) == "new code");
        },
        {.keep_per_stream = 2});
}

TEST_CASE("saving again at an offset replaces the snapshot") {
    on_every_snapshot_store([](SnapshotStore& snapshots) {
        snapshots.save(key_of("orders/1"), at(5, "first"));
        snapshots.save(key_of("orders/1"), at(5, "second"));

        CHECK(state_of(snapshots.load(key_of("orders/1"))) == "second");
        CHECK(snapshots.list("orders/1").size() == 1);
    });
}

TEST_CASE("a state that is too large is refused and changes nothing") {
    on_every_snapshot_store(
        [](SnapshotStore& snapshots) {
            snapshots.save(key_of("orders/1"), at(1, "1234"));

            CHECK_THROWS_AS(snapshots.save(key_of("orders/1"), at(2, "12345")), std::invalid_argument);

            CHECK(state_of(snapshots.load(key_of("orders/1"))) == "1234");
            CHECK(snapshots.counters().saved == 1);
        },
        {.max_state_bytes = 4});
}

TEST_CASE("snapshots are listed, last saved first, and given up by stream or all at once") {
    on_every_snapshot_store([](SnapshotStore& snapshots) {
        snapshots.save(key_of("orders/1"), at(5, "five"));
        snapshots.save(key_of("orders/1", 1, 9), at(4, "four"));
        snapshots.save(key_of("orders/2"), at(1, "one"));

        const auto list = snapshots.list("orders/1");
        REQUIRE(list.size() == 2);
        CHECK(list[0].key.fingerprint == 9);
        CHECK(list[0].offset == Offset{4});
        CHECK(list[1].key.fingerprint == code);
        CHECK(list[1].state_bytes == 4);

        CHECK(snapshots.forget("orders/1") == 2);
        CHECK(snapshots.forget("orders/1") == 0);
        CHECK_FALSE(snapshots.load(key_of("orders/1")));
        CHECK(state_of(snapshots.load(key_of("orders/2"))) == "one");
        CHECK(snapshots.clear() == 1);
        CHECK_FALSE(snapshots.load(key_of("orders/2")));
    });
}

TEST_CASE("a store of snapshots that would keep none is refused") {
    CHECK_THROWS_AS(MemorySnapshots({.keep_per_stream = 0}), std::invalid_argument);
    CHECK_THROWS_AS(SqliteSnapshots(Database::in_memory(), {.keep_per_stream = 0}), std::invalid_argument);
}

}  // namespace foldback::snapshot_tests
