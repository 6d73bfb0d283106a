#include "foldback/store/one_stream.hpp"

#include <thread>

#include "projection_fixture.hpp"

/// A projection of a single stream, over every store that has streams.
namespace foldback::projection_tests {
namespace {

using contract::Fixture;
using contract::json_type;
using contract::on_every_store;

void add_numbers(StreamStore& store, std::string_view stream, int from, int count) {
    for (int number = from; number < from + count; ++number)
        contract::append_json(store, stream, std::to_string(number));
}

ProjectionRunnerOptions by_hand() { return {.background_threads = false}; }

Strings values_in(Database& database) {
    Strings all;
    database.read([&](ReadModel& model) {
        model.query("SELECT data FROM journal ORDER BY rowid", {},
                    [&](const Row& row) { all.emplace_back(row.text(0)); });
    });
    return all;
}

/// "0", "1", … as texts.
Strings numbers(int count) {
    Strings all;
    for (int number = 0; number < count; ++number) all.push_back(std::to_string(number));
    return all;
}

}  // namespace

TEST_CASE("a projection of one stream gets its events in order, and goes on where it stopped") {
    on_every_store([](Fixture& at) {
        const std::shared_ptr<Database> database = Database::in_memory();
        contract::create_json(*at.store, "orders/1");
        contract::create_json(*at.store, "orders/2");
        add_numbers(*at.store, "orders/1", 0, 3);
        add_numbers(*at.store, "orders/2", 100, 1);
        {
            OneStream stream(*at.store, "orders/1");
            ProjectionRunner runner(stream, by_hand());
            runner.add(journal(), database);
            runner.run_until_caught_up();
            CHECK(values_in(*database) == numbers(3));
            CHECK(runner.status("journal").checkpoint == Position{3});
        }
        add_numbers(*at.store, "orders/1", 3, 2);

        OneStream stream(*at.store, "orders/1");
        ProjectionRunner runner(stream, by_hand());
        runner.add(journal(), database);
        runner.run_until_caught_up();

        CHECK(values_in(*database) == numbers(5));
        CHECK(runner.status("journal").lag_events == 0);
        CHECK(runner.status("journal").state == ProjectionState::live);
    });
}

TEST_CASE("a projection of one stream follows it live, and whoever appends can wait for it") {
    on_every_store([](Fixture& at) {
        if (at.driven == contract::Driven::by_hand) return;
        const std::shared_ptr<Database> database = Database::in_memory();
        contract::create_json(*at.store, "orders/1");
        OneStream stream(*at.store, "orders/1");
        ProjectionRunner runner(stream);
        runner.add(journal(), database);
        runner.start();

        for (int number = 0; number < 20; ++number) {
            const auto appended = contract::append_json(stream, "orders/1", std::to_string(number));
            REQUIRE(runner.wait_for("journal", appended.next_position, std::chrono::seconds(30)) == Waited::reached);
        }

        CHECK(values_in(*database) == numbers(20));
    });
}

TEST_CASE("a projection of one stream is rebuilt beside its live tables") {
    on_every_store([](Fixture& at) {
        const TemporaryDirectory directory;
        const std::shared_ptr<Database> database = Database::open(directory.path() / "read.db");
        contract::create_json(*at.store, "orders/1");
        add_numbers(*at.store, "orders/1", 0, 4);
        OneStream stream(*at.store, "orders/1");
        ProjectionRunner runner(stream, by_hand());
        runner.add(journal(), database);
        runner.run_until_caught_up();

        runner.start_rebuild("journal");
        runner.run_until_caught_up();

        REQUIRE(runner.rebuild_progress("journal")->caught_up);
        runner.swap_rebuild("journal");
        CHECK(values_in(*database) == numbers(4));
    });
}

TEST_CASE("a poison event of one stream is parked and tried again") {
    on_every_store([](Fixture& at) {
        const std::shared_ptr<Database> database = Database::in_memory();
        contract::create_json(*at.store, "orders/1");
        add_numbers(*at.store, "orders/1", 0, 3);
        Trouble trouble;
        trouble.expect("1");
        auto definition = troubled_journal(trouble);
        definition.on_poison = OnPoison::park;
        definition.retry.retries = 0;
        OneStream stream(*at.store, "orders/1");
        ProjectionRunner runner(stream, by_hand());
        runner.add(std::move(definition), database);
        runner.run_until_caught_up();
        CHECK(values_in(*database) == numbers(1));
        REQUIRE(runner.parked("journal").size() == 2);

        trouble.forgive("1");
        CHECK(runner.retry_parked("journal", "orders/1").applied == 2);

        CHECK(values_in(*database) == numbers(3));
    });
}

TEST_CASE("a projection of a stream that was closed comes to its end and rests there") {
    on_every_store([](Fixture& at) {
        contract::create_json(*at.store, "orders/1");
        add_numbers(*at.store, "orders/1", 0, 2);
        REQUIRE(at.store->append({.stream = "orders/1", .close = true}).has_value());
        OneStream stream(*at.store, "orders/1");

        const auto page = stream.read_feed({});
        bool woke = false;
        const auto watch = stream.watch_feed(page.next, [&] { woke = true; });

        CHECK(page.messages.size() == 2);
        CHECK(page.up_to_date);
        CHECK(stream.read_feed({.from = page.next}).messages.empty());
        CHECK_FALSE(woke);
    });
}

TEST_CASE("one stream of a store is a feed with offsets for positions, from the first one retained") {
    on_every_store(contract::needs({Capability::truncate}), [](Fixture& at) {
        contract::create_json(*at.store, "orders/1");
        add_numbers(*at.store, "orders/1", 0, 5);
        REQUIRE(at.store->truncate_before("orders/1", Offset{2}).has_value());
        OneStream stream(*at.store, "orders/1");

        const auto page = stream.read_feed({.max_messages = 2});

        REQUIRE(page.messages.size() == 2);
        CHECK(page.messages[0].position == Position{2});
        CHECK(page.messages[0].offset.offset == Offset{2});
        CHECK(page.messages[1].data == "3");
        CHECK(page.next == Position{4});
        CHECK(page.tail == Position{5});
        CHECK_FALSE(page.up_to_date);
        CHECK(stream.read_feed({.prefix = "customers/"}).messages.empty());
        CHECK(stream.read_feed({.from = Position{9}}).tail == Position{5});
    });
}

TEST_CASE("a stream that was deleted, or deleted and created again, is not followed any more") {
    on_every_store(contract::needs({Capability::incarnations}), [](Fixture& at) {
        contract::create_json(*at.store, "orders/1");
        add_numbers(*at.store, "orders/1", 0, 2);
        OneStream stream(*at.store, "orders/1");
        REQUIRE(at.store->remove("orders/1").has_value());

        CHECK_THROWS_AS((void)stream.read_feed({}), StorageError);
        contract::create_json(*at.store, "orders/1");
        add_numbers(*at.store, "orders/1", 7, 2);

        CHECK_THROWS_AS((void)stream.read_feed({}), StorageError);
        CHECK_THROWS_AS((void)stream.tail(), StorageError);
        CHECK(OneStream(*at.store, "orders/1").read_feed({}).messages.size() == 2);
    });
}

TEST_CASE("what is not there, and what holds bytes, cannot be followed") {
    on_every_store([](Fixture& at) {
        contract::create_text(*at.store, "notes");

        CHECK_THROWS_AS(OneStream(*at.store, "orders/1"), RefusedError);
        CHECK_THROWS_AS(OneStream(*at.store, "notes"), std::invalid_argument);
    });
}

}  // namespace foldback::projection_tests
