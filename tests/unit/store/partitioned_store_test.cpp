#include "foldback/store/partitioned_store.hpp"

#include <atomic>
#include <set>

#include <doctest/doctest.h>

#include "foldback/store/log_store.hpp"

namespace foldback {
namespace {

constexpr std::size_t count = 3;

std::unique_ptr<PartitionedStore> new_store() {
    std::vector<std::unique_ptr<MeasuredStore>> partitions;
    for (std::size_t i = 0; i < count; ++i) partitions.push_back(LogStore::in_memory());
    return std::make_unique<PartitionedStore>(std::move(partitions));
}

void create(StreamStore& store, std::string_view path) {
    REQUIRE(store.create({.stream = path, .config = {.content_type = "application/json"}}).value().created);
}
AppendRequest of(std::string_view path, std::string_view body) {
    return {.stream = path, .messages = Messages::json(body).value()};
}

/// A path that is kept in another partition than this one.
std::string elsewhere(const std::string& path) {
    for (int i = 0;; ++i) {
        auto other = "other" + std::to_string(i) + "/1";
        if (partition_of(other, count) != partition_of(path, count)) return other;
    }
}

}  // namespace

TEST_CASE("where a stream is kept follows from the first segment of its path alone, and never changes") {
    CHECK(partition_of("orders/1", 64) == partition_of("orders/2/events", 64));
    CHECK(partition_of("orders", 64) == partition_of("orders/1", 64));
    CHECK(partition_of("anything", 1) == 0);
    // CRC32C of "123456789", the check value of its definition.
    CHECK(partition_of("123456789/a", 1'000) == 0xE3069283U % 1'000);
    std::set<std::size_t> used;
    for (int i = 0; i < 100; ++i) used.insert(partition_of("tenant" + std::to_string(i), 8));
    CHECK(used.size() == 8);
}

TEST_CASE("streams of all partitions are created, appended to, read, watched, listed and deleted as in one store") {
    const auto store = new_store();
    std::vector<std::string> paths;
    for (int i = 0; i < 20; ++i) paths.push_back("p" + std::to_string(10 + i) + "/s");
    for (const auto& path : paths) create(*store, path);
    std::atomic<int> told{0};
    std::vector<Watch> watches;
    for (const auto& path : paths) watches.push_back(store->watch(path, Offset{0}, [&] { ++told; }));

    for (const auto& path : paths) REQUIRE(store->append(of(path, '"' + path + '"')).has_value());

    for (const auto& path : paths) {
        const auto page = store->read({.stream = path}).value();
        CHECK((*page.begin()).data == '"' + path + '"');
        CHECK(store->head(path).value().tail.offset == Offset{1});
        CHECK(store->stored_bytes(path) > 0);
    }
    CHECK(told == 20);
    CHECK(store->stats().streams == 20);
    CHECK(store->stats().appended_messages == 20);
    std::vector<std::string> listed;
    ListRequest request{.limit = 7};
    for (bool complete = false; !complete;) {
        const auto page = store->list(request);
        CHECK(page.streams.size() <= 7);
        for (const auto& info : page.streams) listed.push_back(info.stream.text());
        complete = page.complete;
        if (!page.streams.empty()) request.after = page.streams.back().stream.text();
    }
    CHECK(listed == paths);
    CHECK(store->truncate_before(paths[0], Offset{1}).value() == Offset{1});
    REQUIRE(store->remove(paths[0]).has_value());
    CHECK(store->head(paths[0]).error().reason == Refusal::not_found);
}

TEST_CASE("an append to several streams of one partition is one commit, and across partitions changes nothing") {
    const auto store = new_store();
    const std::string other = elsewhere("orders");
    for (const auto* path : {"orders/1", "orders/2"}) create(*store, path);
    create(*store, other);

    CHECK(store->append_all({of("orders/1", "1"), of("orders/2", "2")}).value().size() == 2);
    const auto refused = store->append_all({of("orders/1", "3"), of(other, "4")}).error();

    CHECK(refused.reason == Refusal::across_partitions);
    CHECK(refused.detail.find(other) != std::string::npos);
    CHECK(store->head("orders/1").value().tail.offset == Offset{1});
    CHECK(store->head(other).value().tail.offset == Offset{0});
    CHECK(store->append_all({}).has_value() == LogStore::in_memory()->append_all({}).has_value());
}

TEST_CASE("a fork stays in the partition of its source") {
    const auto store = new_store();
    create(*store, "orders/1");
    REQUIRE(store->append(of("orders/1", "1")).has_value());
    const auto fork = [&](const std::string& path) {
        return store->create({.stream = path, .config = {.content_type = ""}, .fork = ForkFrom{.source = "orders/1"}});
    };

    CHECK(fork("orders/2").value().info.tail.offset == Offset{1});
    CHECK(fork(elsewhere("orders")).error().reason == Refusal::across_partitions);
}

TEST_CASE("there is no order of all streams, and who needs one is told so at once") {
    const auto store = new_store();

    CHECK_FALSE(store->capabilities().has(Capability::store_order));
    CHECK(store->capabilities().with(Capability::store_order) == Capabilities::all());
    CHECK_THROWS_AS((void)store->read_feed({}), MissingCapability);
    CHECK_THROWS_AS((void)store->tail(), MissingCapability);
    CHECK_THROWS_AS((void)store->watch_feed({}, [] {}), MissingCapability);
    CHECK_THROWS_AS(require(*store, {Capability::store_order}, "a projection"), MissingCapability);
}

}  // namespace foldback
