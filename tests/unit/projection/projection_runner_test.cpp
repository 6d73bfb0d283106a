#include "foldback/app/projection_runner.hpp"

#include <atomic>

#include "foldback/app/sink.hpp"

#include "projection_fixture.hpp"

namespace foldback::projection_tests {

TEST_CASE("a projection gets every event once, in commit order") {
    in_every_world_and_way([](World& world) {
        world.append("a", "[1,2]");
        world.append("b", "3");
        ProjectionRunner runner(*world.store, world.options());
        runner.add(journal(), world.database);

        catch_up(world, runner);
        world.append("a", "4");
        catch_up(world, runner);

        CHECK(world.journal_rows() == Strings{"a@0", "a@1", "b@0", "a@2"});
        CHECK(world.rows("SELECT position, data FROM journal") == Strings{"0|1", "1|2", "2|3", "3|4"});
    });
}

TEST_CASE("a runner that comes back goes on where the other one was") {
    in_every_world_and_way([](World& world) {
        {
            ProjectionRunner runner(*world.store, world.options());
            runner.add(journal(), world.database);
            world.append("a", "[1,2]");
            catch_up(world, runner);
        }
        world.append("a", "[3,4]");
        if (world.is_on_disk) world.open_database();
        ProjectionRunner runner(*world.store, world.options());
        runner.add(journal(), world.database);

        catch_up(world, runner);

        CHECK(world.journal_rows() == Strings{"a@0", "a@1", "a@2", "a@3"});
        CHECK(runner.status("journal").applied == 4);
    });
}

TEST_CASE("many projections run over one store, in one database or several") {
    in_every_world_and_way([](World& world) {
        ProjectionRunner runner(*world.store, world.options());
        const auto other = Database::in_memory();
        runner.add(journal("one"), world.database);
        runner.add(journal("two"), world.database);
        runner.add(journal("three"), other);
        for (int i = 0; i < 50; ++i) world.append("a", std::to_string(i));

        catch_up(world, runner);

        CHECK(world.journal_rows("one").size() == 50);
        CHECK(world.journal_rows("two") == world.journal_rows("one"));
        CHECK(runner.status("three").applied == 50);
    });
}

TEST_CASE("events are chosen by category, prefix and type, and the checkpoint moves past the others") {
    in_every_world([](World& world) {
        world.append_event("orders/1", "OrderPlaced");
        world.append_event("orders-old/1", "OrderPlaced");
        world.append_event("shop/eu/1", "OrderPaid");
        world.append_event("shop/us/1", "OrderPlaced");
        world.append("orders/2", R"({"data":{"type":"OrderPlaced"},"type":"Order\u0050aid"})");
        const auto tail = world.append("orders/3", "17");
        ProjectionRunner runner(*world.store, world.options());
        auto orders = journal("orders");
        orders.events.categories = {"orders"};
        auto both = journal("both");
        both.events = {.categories = {"orders"}, .prefixes = {"shop/e"}};
        auto placed = journal("placed");
        placed.events.types = {"OrderPlaced"};
        auto paid_orders = journal("paid_orders");
        paid_orders.events = {.categories = {"orders"}, .types = {"OrderPaid"}};
        auto nothing = journal("none");
        nothing.events.prefixes = {"nowhere"};
        for (const auto& one : {orders, both, placed, paid_orders, nothing}) runner.add(one, world.database);

        runner.run_until_caught_up();

        CHECK(world.journal_rows("orders") == Strings{"orders/1@0", "orders/2@0", "orders/3@0"});
        CHECK(world.journal_rows("both") == Strings{"orders/1@0", "shop/eu/1@0", "orders/2@0", "orders/3@0"});
        CHECK(world.journal_rows("placed") == Strings{"orders/1@0", "orders-old/1@0", "shop/us/1@0"});
        CHECK(world.journal_rows("paid_orders") == Strings{"orders/2@0"});
        CHECK(world.journal_rows("none").empty());
        for (const auto& status : runner.statuses()) CHECK(status.checkpoint == tail);
    });
}

TEST_CASE(
    "a checkpoint that moved although nothing matched is stored when the runner stops, and every so often before") {
    in_every_world([](World& world) {
        const auto stored = [&] { return world.rows("SELECT checkpoint FROM foldback_projections")[0]; };
        auto options = world.options();
        options.checkpoint_events = 10;
        auto nothing = journal();
        nothing.events.prefixes = {"nowhere"};
        {
            ProjectionRunner runner(*world.store, options);
            runner.add(nothing, world.database);
            world.append("a", "[1,2,3]");
            runner.run_until_caught_up();
            CHECK(runner.status("journal").checkpoint == Position{3});
            CHECK(stored() == "0");
            world.append("a", "[4,5,6,7,8,9,10]");
            runner.run_until_caught_up();
            CHECK(stored() == "10");
            world.append("a", "11");
            world.clock.advance(options.checkpoint_every);
            runner.run_until_caught_up();
            CHECK(stored() == "11");
            world.append("a", "12");
            runner.run_until_caught_up();
            CHECK(stored() == "11");
        }
        CHECK(stored() == "12");
    });
}

TEST_CASE("waiting for a position shows what was appended before it") {
    in_every_world_and_way([](World& world) {
        ProjectionRunner runner(*world.store, world.options());
        runner.add(journal(), world.database);
        if (world.driven == Driven::by_threads) runner.start();
        for (int i = 0; i < 20; ++i) {
            const auto position = world.append("a", std::to_string(i));

            CHECK(runner.wait_for("journal", position, milliseconds{1000}) == Waited::reached);

            CHECK(world.journal_rows().size() == static_cast<std::size_t>(i) + 1);
        }
    });
}

TEST_CASE("waiting ends on the runner's clock, and at once for a projection that does not run") {
    in_every_world_and_way([](World& world) {
        ProjectionRunner runner(*world.store, world.options());
        runner.add(journal(), world.database);
        if (world.driven == Driven::by_threads) {
            CHECK(runner.wait_for("journal", Position{1}, milliseconds{1000}) == Waited::not_running);
            runner.start();
        }
        CHECK(runner.wait_for("journal", Position{1}, milliseconds{0}) == Waited::timed_out);
        runner.pause("journal");
        CHECK(runner.wait_for("journal", Position{1}, milliseconds{1000}) == Waited::not_running);
        CHECK(runner.wait_for_all(Position{1}, milliseconds{1000}) == Waited::not_running);
    });
}

TEST_CASE("a paused projection waits, also after a restart, until it is resumed") {
    in_every_world_and_way([](World& world) {
        {
            ProjectionRunner runner(*world.store, world.options());
            runner.add(journal(), world.database);
            world.append("a", "1");
            catch_up(world, runner);
            runner.pause("journal");
        }
        world.append("a", "2");
        ProjectionRunner runner(*world.store, world.options());
        runner.add(journal(), world.database);
        if (world.driven == Driven::by_threads) runner.start();
        if (world.driven == Driven::by_hand) runner.run_until_caught_up();
        CHECK(runner.status("journal").state == ProjectionState::paused);
        CHECK(world.journal_rows().size() == 1);

        runner.resume("journal");
        catch_up(world, runner);

        CHECK(world.journal_rows().size() == 2);
        CHECK(eventually([&] { return runner.status("journal").state == ProjectionState::live; }));
    });
}

TEST_CASE("a reset builds the tables anew, and what comes again is marked as replay") {
    in_every_world_and_way([](World& world) {
        ProjectionRunner runner(*world.store, world.options());
        runner.add(journal(), world.database);
        world.append("a", "[1,2]");
        catch_up(world, runner);
        CHECK(world.rows("SELECT replay FROM journal") == Strings{"0", "0"});

        runner.reset("journal");
        world.append("a", "3");
        catch_up(world, runner);

        CHECK(world.rows("SELECT data, replay FROM journal") == Strings{"1|1", "2|1", "3|0"});
        CHECK(runner.status("journal").applied == 3);
    });
}

TEST_CASE("a projection is moved forward past events and back to have them again") {
    in_every_world_and_way([](World& world) {
        ProjectionRunner runner(*world.store, world.options());
        runner.add(journal(), world.database);
        world.append("a", "[1,2,3]");
        runner.move("journal", Position{2});
        catch_up(world, runner);
        CHECK(world.rows("SELECT data, replay FROM journal") == Strings{"3|0"});

        runner.move("journal", Position{0});
        catch_up(world, runner);

        CHECK(world.rows("SELECT data, replay FROM journal") == Strings{"3|0", "1|1", "2|1", "3|1"});
        CHECK_THROWS_AS(runner.move("journal", Position{4}), std::invalid_argument);
    });
}

TEST_CASE("a reaction begins now and never gets an event again") {
    in_every_world_and_way([](World& world) {
        world.append("a", "1");
        auto mails = journal("mails");
        mails.kind = ProjectionKind::reaction;
        ProjectionRunner runner(*world.store, world.options());
        runner.add(mails, world.database);
        world.append("a", "[2,3]");
        catch_up(world, runner);
        CHECK(world.rows("SELECT data FROM mails") == Strings{"2", "3"});

        runner.move("mails", Position{0});
        catch_up(world, runner);
        CHECK(world.rows("SELECT data FROM mails") == Strings{"2", "3"});

        runner.reset("mails");
        world.append("a", "4");
        catch_up(world, runner);

        CHECK(world.rows("SELECT data FROM mails") == Strings{"4"});
        CHECK_THROWS_AS(runner.start_rebuild("mails"), std::invalid_argument);
    });
}

TEST_CASE("the lag is told in events and in seconds") {
    in_every_world([](World& world) {
        ProjectionRunner runner(*world.store, world.options());
        runner.add(journal(), world.database);
        world.append("a", "1");
        runner.run_until_caught_up();
        CHECK(runner.status("journal").state == ProjectionState::live);
        CHECK(runner.status("journal").lag_events == 0);
        CHECK(runner.status("journal").lag == milliseconds{0});

        world.clock.advance(milliseconds{1000});
        world.append("a", "[2,3]");
        world.clock.advance(milliseconds{2500});

        const auto status = runner.status("journal");
        CHECK(status.lag_events == 2);
        CHECK(status.lag == milliseconds{2500});
        CHECK(status.tail == Position{3});
    });
}

TEST_CASE("the rate counts the events of the last ten seconds") {
    in_every_world([](World& world) {
        ProjectionRunner runner(*world.store, world.options());
        runner.add(journal(), world.database);
        for (int i = 0; i < 30; ++i) world.append("a", "1");
        runner.run_until_caught_up();
        world.clock.advance(milliseconds{2000});

        CHECK(runner.status("journal").events_per_second == doctest::Approx(10));
        world.clock.advance(milliseconds{10'000});
        CHECK(runner.status("journal").events_per_second == 0);
    });
}

TEST_CASE("a store that has less than the checkpoint stops the projection") {
    in_every_world([](World& world) {
        {
            ProjectionRunner runner(*world.store, world.options());
            runner.add(journal(), world.database);
            world.append("a", "[1,2]");
            runner.run_until_caught_up();
        }
        const auto other = LogStore::in_memory({.background_threads = false});
        ProjectionRunner runner(*other, world.options());
        runner.add(journal(), world.database);

        runner.run_until_caught_up();

        CHECK(runner.status("journal").state == ProjectionState::stopped);
        CHECK(runner.status("journal").error.find("beyond the store's tail") != std::string::npos);
        CHECK(world.journal_rows().size() == 2);
    });
}

TEST_CASE("a definition that contradicts itself is refused and leaves nothing behind") {
    World world(false);
    ProjectionRunner runner(*world.store, world.options());
    const auto refused = [&](const std::function<void(ProjectionDefinition&)>& change) {
        auto definition = journal();
        change(definition);
        CHECK_THROWS_AS(runner.add(definition, world.database), std::invalid_argument);
    };

    refused([](auto& one) { one.name = ""; });
    refused([](auto& one) { one.name = "with blank"; });
    refused([](auto& one) { one.apply = nullptr; });
    refused([](auto& one) { one.parallelism = 0; });
    refused([](auto& one) { one.batch_events = 0; });
    refused([](auto& one) { one.schema = "CREATE TABEL t (a)"; });
    refused([](auto& one) { one.events.categories = {"/orders"}; });
    CHECK_THROWS_AS(runner.add(journal(), nullptr), std::invalid_argument);
    CHECK_THROWS_AS((void)runner.status("journal"), std::invalid_argument);

    runner.add(journal(), world.database);
    CHECK_THROWS_AS(runner.add(journal(), world.database), std::invalid_argument);
}

TEST_CASE("a table that belongs to somebody else is not touched") {
    in_every_world([](World& world) {
        world.database->write(
            [](ReadModel& model) { model.script("CREATE TABLE Journal (a); INSERT INTO journal VALUES (1)"); });
        ProjectionRunner runner(*world.store, world.options());

        CHECK_THROWS_AS(runner.add(journal(), world.database), std::invalid_argument);

        CHECK(world.rows("SELECT a FROM journal") == Strings{"1"});
    });
}

TEST_CASE("messages are prepared on several threads and applied in order") {
    in_every_world_and_way([](World& world) {
        auto definition = journal();
        definition.parallelism = 4;
        definition.prepare = [](const FeedMessage& message) {
            return std::make_shared<const std::string>("prepared " + std::string(message.data));
        };
        definition.schema = "CREATE TABLE journal (text TEXT)";
        definition.apply = [](ReadModel& model, const Delivery& delivery) {
            model.execute("INSERT INTO journal VALUES (?)", {*static_cast<const std::string*>(delivery.prepared)});
        };
        for (int i = 0; i < 500; ++i) world.append("a", std::to_string(i));
        ProjectionRunner runner(*world.store, world.options());
        runner.add(definition, world.database);

        catch_up(world, runner);

        const auto rows = world.rows("SELECT text FROM journal ORDER BY rowid");
        REQUIRE(rows.size() == 500);
        for (std::size_t i = 0; i < rows.size(); ++i) CHECK(rows[i] == "prepared " + std::to_string(i));
    });
}

TEST_CASE("a runner without threads cannot be started") {
    World world(false);
    ProjectionRunner runner(*world.store, world.options());
    CHECK_THROWS_AS(runner.start(), std::logic_error);
}

TEST_CASE("a runner stops and starts again") {
    World world(true, Driven::by_threads);
    ProjectionRunner runner(*world.store, world.options());
    runner.add(journal(), world.database);
    for (int round = 0; round < 5; ++round) {
        runner.start();
        const auto position = world.append("a", "1");
        REQUIRE(eventually([&] { return runner.wait_for("journal", position, milliseconds{0}) == Waited::reached; }));
        runner.stop();
        CHECK(runner.wait_for("journal", Position{1000}, milliseconds{0}) == Waited::not_running);
    }
    CHECK(world.journal_rows().size() == 5);
}

TEST_CASE(
    "events that come without a pause are taken in batches, and whoever waits for one does not wait for the batch") {
    class CountedBatches final : public Sink {
    public:
        void apply(const Delivery&) override { ++events; }
        void flush(Position) override { ++batches; }
        std::atomic<int> events{0};
        std::atomic<int> batches{0};
    };
    constexpr int more_than_are_free = 20;
    World world(false, Driven::by_threads);
    auto options = world.options();
    options.clock = &system_clock();
    options.batch_interval = std::chrono::hours(1);
    const auto sink = std::make_shared<CountedBatches>();
    ProjectionDefinition definition{.name = "counted"};
    definition.sink = sink;
    ProjectionRunner runner(*world.store, options);
    runner.add(definition, world.database);
    runner.start();
    const auto append_and_wait = [&] {
        return runner.wait_for("counted", world.append("a", "1"), std::chrono::seconds(60));
    };
    for (int i = 0; i < more_than_are_free; ++i) CHECK(append_and_wait() == Waited::reached);
    const auto batches_before = sink->batches.load();

    for (int i = 0; i < 50; ++i) world.append("a", "1");
    CHECK(append_and_wait() == Waited::reached);

    CHECK(sink->events == more_than_are_free + 51);
    // One may be under way and one be due when the events come; one is for who waits, and being woken may cost another.
    CHECK(sink->batches - batches_before <= 4);
}

}  // namespace foldback::projection_tests
