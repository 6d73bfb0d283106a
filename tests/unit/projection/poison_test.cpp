#include "projection_fixture.hpp"

namespace foldback::projection_tests {
namespace {

/// Lets the clock run until all retries of one event are used up.
void use_up_retries(World& world, ProjectionRunner& runner) {
    for (int i = 0; i < 10; ++i) {
        runner.run_until_caught_up();
        world.clock.advance(std::chrono::minutes{1});
    }
    runner.run_until_caught_up();
}

}  // namespace

TEST_CASE("an event that fails is tried again, later and later, and what came before it does not wait") {
    in_every_world([](World& world) {
        Trouble trouble;
        trouble.expect("2", 3);
        auto definition = troubled_journal(trouble);
        definition.retry = {
            .retries = 3, .first_delay = milliseconds{100}, .factor = 4, .longest_delay = milliseconds{300}};
        ProjectionRunner runner(*world.store, world.options());
        runner.add(definition, world.database);
        world.append("a", "[1,2,3]");

        runner.run_until_caught_up();
        auto status = runner.status("journal");
        CHECK(status.state == ProjectionState::retrying);
        CHECK(status.error == "cannot apply 2");
        CHECK(status.failing == Position{1});
        CHECK(status.attempts == 1);
        CHECK(world.rows("SELECT data FROM journal") == Strings{"1"});

        world.clock.advance(milliseconds{99});
        runner.run_until_caught_up();
        CHECK(trouble.met == 1);
        world.clock.advance(milliseconds{1});
        runner.run_until_caught_up();
        CHECK(trouble.met == 2);
        world.clock.advance(milliseconds{299});
        runner.run_until_caught_up();
        CHECK(trouble.met == 2);
        world.clock.advance(milliseconds{1});
        runner.run_until_caught_up();
        CHECK(trouble.met == 3);
        world.clock.advance(milliseconds{300});
        runner.run_until_caught_up();

        status = runner.status("journal");
        CHECK(status.state == ProjectionState::live);
        CHECK(status.error.empty());
        CHECK(status.attempts == 0);
        CHECK(status.failures == 3);  // it says how often, when all is well again too
        CHECK(world.rows("SELECT data FROM journal") == Strings{"1", "2", "3"});
    });
}

TEST_CASE("by default an event that keeps failing stops the projection before it, until it is resumed") {
    in_every_world([](World& world) {
        Trouble trouble;
        trouble.expect("2");
        ProjectionRunner runner(*world.store, world.options());
        runner.add(troubled_journal(trouble), world.database);
        world.append("a", "[1,2,3]");

        use_up_retries(world, runner);
        CHECK(runner.status("journal").state == ProjectionState::stopped);
        CHECK(runner.status("journal").failing == Position{1});
        CHECK(trouble.met == 4);
        CHECK(runner.status("journal").failures == 4);
        CHECK(world.rows("SELECT data FROM journal") == Strings{"1"});

        trouble.forgive("2");
        runner.resume("journal");
        runner.run_until_caught_up();

        CHECK(world.rows("SELECT data FROM journal") == Strings{"1", "2", "3"});
        CHECK(runner.status("journal").state == ProjectionState::live);
    });
}

TEST_CASE("an event that keeps failing is skipped and counted where that is wished") {
    in_every_world([](World& world) {
        Trouble trouble;
        trouble.expect("2");
        trouble.expect("4");
        auto definition = troubled_journal(trouble);
        definition.on_poison = OnPoison::skip;
        ProjectionRunner runner(*world.store, world.options());
        runner.add(definition, world.database);
        world.append("a", "[1,2,3,4]");

        use_up_retries(world, runner);

        CHECK(world.rows("SELECT data FROM journal") == Strings{"1", "3"});
        CHECK(runner.status("journal").skipped == 2);
        CHECK(runner.status("journal").state == ProjectionState::live);
        CHECK(runner.status("journal").checkpoint == Position{4});
    });
}

TEST_CASE("a parked event takes the later ones of its key with it, and others go on") {
    in_every_world([](World& world) {
        Trouble trouble;
        trouble.expect("1");
        auto definition = troubled_journal(trouble);
        definition.on_poison = OnPoison::park;
        definition.retry.retries = 1;
        const auto run = [&](const std::function<void(ProjectionRunner&)>& work) {
            ProjectionRunner runner(*world.store, world.options());
            runner.add(definition, world.database);
            use_up_retries(world, runner);
            work(runner);
        };
        world.append("a", "0");
        world.append("a", "1");
        world.append("b", "1000");
        world.append("a", "2");
        run([&](ProjectionRunner& runner) {
            world.append("a", "3");
            world.append("b", "1001");
            runner.run_until_caught_up();
        });

        run([&](ProjectionRunner& runner) {  // after a restart it is as before
            CHECK(world.rows("SELECT data FROM journal") == Strings{"0", "1000", "1001"});
            const auto parked = runner.parked("journal");
            REQUIRE(parked.size() == 3);
            CHECK(parked[0].key == "a");
            CHECK(parked[0].error == "cannot apply 1");
            CHECK(parked[0].attempts == 2);
            CHECK(parked[0].position == Position{1});
            CHECK(parked[1].error.empty());
            CHECK(parked[1].offset.offset == Offset{2});
            CHECK(runner.status("journal").parked_keys == 1);
            CHECK(runner.status("journal").parked_events == 3);
            CHECK(runner.status("journal").state == ProjectionState::live);

            auto outcome = runner.retry_parked("journal", "a");
            CHECK(outcome.applied == 0);
            CHECK(outcome.remaining == 3);
            CHECK(outcome.error == "cannot apply 1");
            CHECK(runner.parked("journal")[0].attempts == 3);

            trouble.forgive("1");
            outcome = runner.retry_parked("journal", "a");
            CHECK(outcome.applied == 3);
            CHECK(outcome.remaining == 0);
            world.append("a", "4");
            runner.run_until_caught_up();
            CHECK(world.rows("SELECT data FROM journal") == Strings{"0", "1000", "1001", "1", "2", "3", "4"});
            CHECK(runner.status("journal").parked_events == 0);
        });
    });
}

TEST_CASE("parked events are dropped one by one, and the key is free when none is left") {
    in_every_world([](World& world) {
        Trouble trouble;
        trouble.expect("1");
        auto definition = troubled_journal(trouble);
        definition.on_poison = OnPoison::park;
        ProjectionRunner runner(*world.store, world.options());
        runner.add(definition, world.database);
        world.append("a", "[1,2]");
        use_up_retries(world, runner);

        CHECK_FALSE(runner.drop_parked("journal", Position{7}));
        CHECK(runner.drop_parked("journal", Position{0}));
        CHECK(runner.retry_parked("journal", "a").applied == 1);
        world.append("a", "3");
        runner.run_until_caught_up();

        CHECK(world.rows("SELECT data FROM journal") == Strings{"2", "3"});
    });
}

TEST_CASE("a parked event whose stream is deleted is given up when it is retried") {
    in_every_world([](World& world) {
        Trouble trouble;
        trouble.expect("1");
        auto definition = troubled_journal(trouble);
        definition.on_poison = OnPoison::park;
        ProjectionRunner runner(*world.store, world.options());
        runner.add(definition, world.database);
        world.append("a", "[1,2]");
        world.append("b", "9");
        use_up_retries(world, runner);
        REQUIRE(world.store->remove("a"));

        const auto outcome = runner.retry_parked("journal", "a");

        CHECK(outcome.gone == 2);
        CHECK(outcome.remaining == 0);
        CHECK(world.rows("SELECT data FROM journal") == Strings{"9"});
    });
}

TEST_CASE("keys other than the stream may be given") {
    in_every_world([](World& world) {
        Trouble trouble;
        trouble.expect(R"("red 1")");
        auto definition = troubled_journal(trouble);
        definition.on_poison = OnPoison::park;
        definition.key = [](const FeedMessage& message) { return std::string(message.data.substr(1, 3)); };
        ProjectionRunner runner(*world.store, world.options());
        runner.add(definition, world.database);
        world.append("a", R"(["red 1","blue 1","red 2"])");
        world.append("b", R"(["red 3","blue 2"])");

        use_up_retries(world, runner);

        CHECK(world.rows("SELECT data FROM journal") == Strings{R"("blue 1")", R"("blue 2")"});
        CHECK(runner.parked("journal").size() == 3);
    });
}

TEST_CASE("an event whose key cannot be told is parked with what follows it in its stream") {
    in_every_world([](World& world) {
        Trouble trouble;
        trouble.expect(R"("?")");
        auto definition = troubled_journal(trouble);
        definition.on_poison = OnPoison::park;
        definition.key = [](const FeedMessage& message) {
            if (message.data == R"("?")") throw std::runtime_error("no key");
            return std::string(message.data.substr(1, 3));
        };
        ProjectionRunner runner(*world.store, world.options());
        runner.add(definition, world.database);
        world.append("a", R"(["?","red 1"])");
        world.append("b", R"("red 2")");
        use_up_retries(world, runner);
        world.append("a", R"("red 3")");
        runner.run_until_caught_up();
        CHECK(world.rows("SELECT data FROM journal") == Strings{R"("red 2")"});
        CHECK(runner.parked("journal").size() == 3);

        trouble.forgive(R"("?")");
        CHECK(runner.retry_parked("journal", "stream a").applied == 3);
        world.append("a", R"("red 4")");
        runner.run_until_caught_up();

        CHECK(world.rows("SELECT data FROM journal") ==
              Strings{R"("red 2")", R"("?")", R"("red 1")", R"("red 3")", R"("red 4")"});
    });
}

TEST_CASE("when too many events are parked the projection stops") {
    in_every_world([](World& world) {
        Trouble trouble;
        for (const char* data : {"1", "2", "3"}) trouble.expect(data);
        auto definition = troubled_journal(trouble);
        definition.on_poison = OnPoison::park;
        definition.max_parked = 2;
        ProjectionRunner runner(*world.store, world.options());
        runner.add(definition, world.database);
        for (const char* stream : {"a", "b", "c"}) world.append(stream, std::to_string(stream[0] - 'a' + 1));

        use_up_retries(world, runner);

        CHECK(runner.status("journal").state == ProjectionState::stopped);
        CHECK(runner.status("journal").parked_events == 2);
        CHECK(runner.status("journal").checkpoint == Position{2});
    });
}

TEST_CASE("an error of the machine is retried for as long as it lasts and blames no event") {
    in_every_world([](World& world) {
        bool broken = true;
        auto definition = journal();
        definition.on_poison = OnPoison::skip;
        definition.apply = [&, write = definition.apply](ReadModel& model, const Delivery& delivery) {
            if (broken && delivery.message.data == "2") throw StorageError("the disk is full");
            write(model, delivery);
        };
        ProjectionRunner runner(*world.store, world.options());
        runner.add(definition, world.database);
        world.append("a", "[1,2,3]");

        use_up_retries(world, runner);
        CHECK(runner.status("journal").state == ProjectionState::retrying);
        CHECK(runner.status("journal").error == "the disk is full");
        CHECK(runner.status("journal").skipped == 0);

        broken = false;
        use_up_retries(world, runner);
        CHECK(world.rows("SELECT data FROM journal") == Strings{"1", "2", "3"});
    });
}

TEST_CASE("a statement that SQLite refuses is the event's fault") {
    in_every_world([](World& world) {
        auto definition = journal();
        definition.on_poison = OnPoison::skip;
        definition.schema = "CREATE TABLE journal (data TEXT UNIQUE)";
        definition.apply = [](ReadModel& model, const Delivery& delivery) {
            model.execute("INSERT INTO journal VALUES (?)", {delivery.message.data});
        };
        ProjectionRunner runner(*world.store, world.options());
        runner.add(definition, world.database);
        world.append("a", "[1,2,1,3]");

        use_up_retries(world, runner);

        CHECK(world.rows("SELECT data FROM journal") == Strings{"1", "2", "3"});
        CHECK(runner.status("journal").skipped == 1);
    });
}

TEST_CASE("a constraint that fails only at the end of the transaction is traced to its event") {
    in_every_world([](World& world) {
        auto definition = journal();
        definition.on_poison = OnPoison::skip;
        definition.schema =
            "CREATE TABLE parents (id INTEGER PRIMARY KEY); CREATE TABLE journal (data INTEGER REFERENCES "
            "parents (id) DEFERRABLE INITIALLY DEFERRED); INSERT INTO parents VALUES (1), (2), (4), (5)";
        definition.apply = [](ReadModel& model, const Delivery& delivery) {
            model.execute("INSERT INTO journal VALUES (?)", {delivery.message.data});
        };
        ProjectionRunner runner(*world.store, world.options());
        world.database = world.is_on_disk ? Database::open(world.path_of("keys.db"), {.foreign_keys = true})
                                          : Database::in_memory({.foreign_keys = true});
        runner.add(definition, world.database);
        world.append("a", "[1,2,3,4,5]");

        use_up_retries(world, runner);

        CHECK(world.rows("SELECT data FROM journal") == Strings{"1", "2", "4", "5"});
        CHECK(runner.status("journal").skipped == 1);
        runner.reset("journal");
        CHECK(world.rows("SELECT data FROM journal").empty());
    });
}

TEST_CASE("with threads an event that keeps failing is parked while others go on") {
    for (const bool on_disk : {false, true}) {
        World world(on_disk, Driven::by_threads);
        Trouble trouble;
        trouble.expect("1");
        auto definition = troubled_journal(trouble);
        definition.on_poison = OnPoison::park;
        ProjectionRunner runner(*world.store, world.options());
        runner.add(definition, world.database);
        runner.start();
        world.append("a", "1");
        const auto position = world.append("b", "2");

        CHECK(eventually([&] {
            world.clock.advance(milliseconds{10});
            return runner.wait_for("journal", position, milliseconds{0}) == Waited::reached;
        }));

        CHECK(world.rows("SELECT data FROM journal") == Strings{"2"});
        CHECK(runner.parked("journal").size() == 1);
    }
}

}  // namespace foldback::projection_tests
