#include <doctest/doctest.h>

#include "foldback/postgres/postgres_log.hpp"
#include "foldback/store/log_store.hpp"
#include "foldback/store/partitioned_store.hpp"
#include "support/postgres_server.hpp"
#include "support/temporary_directory.hpp"

/// A store in several logs of one database.
namespace foldback::nodes {
namespace {

using test::PostgresServer;

constexpr std::size_t partitions = 3;

PostgresServer& database() {
    static PostgresServer server;
    return server;
}

struct Node {
    explicit Node(const std::string& url) {
        const auto schemas = open_postgres_partitions({.url = url}, partitions);
        std::vector<std::unique_ptr<MeasuredStore>> stores;
        for (const auto& schema : schemas) {
            stores.push_back(
                LogStore::open_shared(open_postgres_log({.url = url, .schema = schema}), directory.path() / schema));
        }
        store = std::make_unique<PartitionedStore>(std::move(stores));
    }

    test::TemporaryDirectory directory;
    std::unique_ptr<PartitionedStore> store;
};

}  // namespace

TEST_CASE("nodes of a store in several logs read what another one has acknowledged, in every partition") {
    const auto url = database().new_schema();
    const Node one(url);
    const Node other(url);
    for (int i = 0; i < 20; ++i) {
        const auto path = "tenant" + std::to_string(i) + "/orders";
        REQUIRE(one.store->create({.stream = path, .config = {.content_type = "application/json"}}).has_value());
        AppendRequest request{.stream = path, .messages = Messages::json("[1,2]").value()};
        request.expected = Offset{0};
        REQUIRE(other.store->append(request).has_value());
        CHECK(one.store->append(request).error().reason == Refusal::offset_mismatch);
        CHECK(one.store->head(path).value().tail.offset == Offset{2});
    }

    CHECK(other.store->list({}).streams.size() == 20);
    CHECK(Node(url).store->stats().appended_messages == 40);
}

TEST_CASE("the number of partitions never changes, and a store in one log has none") {
    const auto url = database().new_schema();
    const auto schemas = open_postgres_partitions({.url = url}, partitions);

    CHECK(open_postgres_partitions({.url = url}, partitions) == schemas);
    CHECK_THROWS_WITH_AS((void)open_postgres_partitions({.url = url}, 4), doctest::Contains("3 partitions"),
                         StorageError);
    CHECK_THROWS_WITH_AS((void)open_postgres_log({.url = url}), doctest::Contains("several partitions"), StorageError);

    const auto single = database().new_schema();
    (void)open_postgres_log({.url = single});
    CHECK_THROWS_WITH_AS((void)open_postgres_partitions({.url = single}, 2), doctest::Contains("in one log"),
                         StorageError);
}

}  // namespace foldback::nodes
