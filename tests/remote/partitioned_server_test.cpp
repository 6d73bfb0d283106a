#include <doctest/doctest.h>

#include "foldback/store/log_store.hpp"
#include "foldback/store/partitioned_store.hpp"
#include "support/served_store.hpp"

using namespace foldback;

namespace {

constexpr std::size_t partitions = 3;

std::unique_ptr<PartitionedStore> partitioned_store() {
    std::vector<std::unique_ptr<MeasuredStore>> stores;
    for (std::size_t i = 0; i < partitions; ++i) stores.push_back(LogStore::in_memory());
    return std::make_unique<PartitionedStore>(std::move(stores));
}

AppendRequest note(std::string_view path) {
    return {.stream = path,
            .messages = Messages::json("1").value(),
            .create_with = StreamConfig{.content_type = "application/json"}};
}

/// A path that is not kept together with `a/1`.
std::string elsewhere() {
    for (int i = 0;; ++i) {
        auto path = "b" + std::to_string(i) + "/1";
        if (partition_of(path, partitions) != partition_of("a/1", partitions)) return path;
    }
}

}  // namespace

TEST_CASE(
    "over a server whose store is in partitions there is all but what spans them, and that is known at the start") {
    const auto log = partitioned_store();
    test::ServedStore served(*log, system_clock());
    auto& store = served.store();

    CHECK(store.capabilities() == log->capabilities());
    CHECK_FALSE(store.capabilities().has(Capability::store_order));
    CHECK_THROWS_AS((void)store.read_feed({}), MissingCapability);
    CHECK_THROWS_AS((void)store.tail(), MissingCapability);
    CHECK_THROWS_AS((void)store.watch_feed({0}, [] {}), MissingCapability);
    CHECK_THROWS_AS((void)HttpStore::open(served.url(), {.needed = {Capability::store_order}}), MissingCapability);

    REQUIRE(store.append(note("a/1")).has_value());
    CHECK(store.append_all({note("a/1"), note("a/2")}).value().size() == 2);
    CHECK(store.append_all({note("a/1"), note(elsewhere())}).error().reason == Refusal::across_partitions);
    const auto fork = store.create(
        {.stream = elsewhere(), .config = {.content_type = "application/json"}, .fork = ForkFrom{.source = "a/1"}});
    CHECK(fork.error().reason == Refusal::across_partitions);
    CHECK(store.head("a/1").value().tail.offset == Offset{2});
    CHECK(store.head(elsewhere()).error().reason == Refusal::not_found);
    CHECK(store.list({}).streams.size() == 2);
}
