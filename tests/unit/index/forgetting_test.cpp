#include <doctest/doctest.h>

#include <set>
#include <string>

#include "unit/index/catalog_of_streams.hpp"

/// Which streams leave memory once the index has them.
namespace foldback::index {
namespace {

std::string path_of(std::uint64_t number) { return "stream/" + std::to_string(number); }

/// A catalog with streams 0 to `count` - 1, which the index has.
struct SavedStreams : CatalogOfStreams {
    explicit SavedStreams(std::uint64_t count) {
        log::CommitBuilder commit;
        for (std::uint64_t i = 0; i < count; ++i) create(path_of(i), commit);
        fold(commit);
        checkpoint();
    }

    /// Asks for all, which brings the others back.
    [[nodiscard]] std::set<std::uint64_t> in_memory() {
        std::set<std::uint64_t> numbers;
        for (std::uint64_t number = 0; number + 1 < next; ++number) {
            const auto before = catalog.resident_streams();
            CHECK(catalog.find(path_of(number)));
            if (catalog.resident_streams() == before) numbers.insert(number);
        }
        return numbers;
    }
};

}  // namespace

TEST_CASE("streams that were not used for longest are forgotten first") {
    SavedStreams at(10);

    SUBCASE("of unused ones the oldest") {
        at.forget_beyond(4, 1);
        CHECK(at.in_memory() == std::set<std::uint64_t>{6, 7, 8, 9});
    }
    SUBCASE("one that was used gets another turn") {
        CHECK(at.catalog.find(path_of(1)));
        at.forget_beyond(4, 1);
        CHECK(at.in_memory() == std::set<std::uint64_t>{1, 7, 8, 9});
    }
    SUBCASE("and none after that") {
        CHECK(at.catalog.find(path_of(1)));
        at.forget_beyond(4, 1);
        at.forget_beyond(0, 1);
        CHECK(at.catalog.resident_streams() == 0);
    }
    SUBCASE("when all were used, all are out of use") {
        for (std::uint64_t number = 0; number < 10; ++number) CHECK(at.catalog.find(path_of(number)));
        at.forget_beyond(4, 1);
        CHECK(at.catalog.resident_streams() == 10);
        at.forget_beyond(4, 1);
        CHECK(at.in_memory() == std::set<std::uint64_t>{6, 7, 8, 9});
    }
}

TEST_CASE("a stream that somebody holds, or that the index lacks, is not forgotten") {
    SavedStreams at(3);
    const auto held = at.catalog.find(path_of(1));
    log::CommitBuilder commit;
    at.create(path_of(3), commit);
    at.fold(commit);

    at.forget_beyond(0, 2);

    CHECK(at.in_memory() == std::set<std::uint64_t>{1, 3});
}

TEST_CASE("a stream that comes back from the index has its turn again") {
    SavedStreams at(2);
    at.forget_beyond(0, 1);
    CHECK(at.catalog.find(path_of(0)));

    at.forget_beyond(0, 2);

    CHECK(at.catalog.resident_streams() == 0);
    CHECK(at.catalog.find(path_of(0)));
}

TEST_CASE("a fork comes back with all its sources, however many they are") {
    constexpr std::uint64_t forks = 50'000;
    CatalogOfStreams at;
    log::CommitBuilder commit;
    at.create(path_of(0), commit);
    for (std::uint64_t fork = 1; fork <= forks; ++fork) {
        commit.add(log::StreamCreated{.incarnation = {at.next++},
                                      .path = path_of(fork),
                                      .content_type = "text/plain",
                                      .forked_from = {fork},
                                      .fork_offset = {fork}});
    }
    at.fold(commit);
    at.checkpoint();
    at.forget_beyond(0, 2);
    REQUIRE(at.catalog.resident_streams() == 0);

    const auto last = at.catalog.find(path_of(forks));

    REQUIRE(last);
    CHECK(last->meta->source == Incarnation{forks});
    CHECK(last->meta->point({0}).incarnation == Incarnation{1});
    CHECK(last->meta->point({forks}).incarnation == Incarnation{forks});
    CHECK(last->meta->point({forks + 1}).incarnation == Incarnation{forks + 1});
    CHECK(at.catalog.resident_streams() == forks + 1);
}

TEST_CASE("the turns of streams that are gone are forgotten") {
    CatalogOfStreams at;
    for (int round = 0; round < 20; ++round) {
        log::CommitBuilder commit;
        for (int i = 0; i < 1000; ++i) {
            at.create("passing/" + std::to_string(i), commit);
            commit.add(log::StreamDeleted{.incarnation = {at.next - 1}});
        }
        at.fold(commit);
        at.checkpoint();
    }

    CHECK(at.catalog.resident_streams() == 0);
    CHECK(at.catalog.turns() <= 10'000);
}

}  // namespace foldback::index
