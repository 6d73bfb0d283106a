#include "foldback/state/state_collection.hpp"

#include <algorithm>

#include "foldback/state/materialized_state.hpp"

#include "unit/projection/projection_fixture.hpp"

namespace foldback::projection_tests {
namespace {

constexpr const char* state_stream = "views/sums";

using Sums = MaterializedState<StateEntity<"sum", int>>;

/// Sums per stream, published; an event "0" removes the row. `factor` stands for a change of the code.
ProjectionDefinition sums(int factor = 1, unsigned version = 1, StateResync resync = StateResync::differences) {
    ProjectionDefinition definition;
    definition.name = "sums";
    definition.version = version;
    definition.schema = "CREATE TABLE sums (stream TEXT PRIMARY KEY, total INTEGER NOT NULL) WITHOUT ROWID;";
    definition.events.categories = {"numbers"};
    definition.batch_events = 4;
    definition.on_change = OnChange::rebuild;
    definition.state_stream = {.stream = state_stream, .resync = resync};
    definition.apply = [factor, rows = StateCollection<int>(state_stream, "sum")](ReadModel& model,
                                                                                  const Delivery& delivery) {
        const auto stream = delivery.message.stream;
        const auto number = factor * std::stoi(std::string(delivery.message.data));
        if (number == 0) {
            model.execute("DELETE FROM sums WHERE stream = ?", {stream});
            (void)rows.remove(model, stream);
            return;
        }
        model.execute(
            "INSERT INTO sums VALUES (?, ?) ON CONFLICT (stream) DO UPDATE SET total = total + excluded.total",
            {stream, number});
        rows.put(model, stream, *model.value<int>("SELECT total FROM sums WHERE stream = ?", {stream}));
    };
    return definition;
}

Strings messages(StreamStore& store) {
    Strings texts;
    const auto page = store.read({.stream = state_stream}).value();
    for (const auto& message : page) texts.emplace_back(message.data);
    return texts;
}

/// What each message says, without its txid: "insert a 1", "delete a", "reset".
Strings told(StreamStore& store) {
    Strings all;
    for (const auto& text : messages(store)) {
        if (!text.starts_with('{')) continue;
        auto message = read_state_message(text);
        if (auto* change = std::get_if<StateChange>(&message)) {
            const auto json = to_text(StateChange{*change});
            const auto at = json.find(R"("operation":")") + 13;
            all.push_back(json.substr(at, json.find('"', at) - at) + " " + change->key +
                          (change->value.empty() ? "" : " " + std::string(change->value)));
        } else {
            const auto at = text.find(R"("control":")") + 11;
            all.push_back(text.substr(at, text.find('"', at) - at));
        }
    }
    return all;
}

Strings told_since_reset(StreamStore& store) {
    const auto all = told(store);
    const auto reset = std::find(all.rbegin(), all.rend(), "reset");
    return {reset.base(), all.end()};
}

/// The rows of a reader, and the same of the table.
Strings rows_of_reader(StreamStore& store) {
    Sums state;
    (void)state.catch_up(store, state_stream).value();
    Strings rows;
    for (const auto& [key, value] : state.of<"sum">()) rows.push_back(key + "|" + std::to_string(value));
    return rows;
}
Strings rows_of_table(const World& world) { return world.rows("SELECT stream, total FROM sums ORDER BY stream"); }

std::string text_after(const Strings& all, std::size_t index) {
    std::string text;
    for (; index < all.size(); ++index) text += (text.empty() ? "" : ", ") + all[index];
    return text;
}

/// Runs one life of a runner, from opening to everything seen.
void live(World& world, ProjectionDefinition definition) {
    ProjectionRunner runner(*world.store, world.options());
    runner.add(std::move(definition), world.database);
    catch_up(world, runner);
}

}  // namespace

TEST_CASE("what a projection puts and removes is told to readers, each change once and changes of one key as one") {
    in_every_world([](World& world) {
        ProjectionRunner runner(*world.store, world.options());
        runner.add(sums(), world.database);
        runner.run_until_caught_up();
        CHECK(told(*world.store).empty());

        world.append("numbers/a", "1");
        world.append("numbers/a", "2");
        world.append("numbers/b", "5");
        runner.run_until_caught_up();
        world.append("numbers/a", "4");
        runner.run_until_caught_up();
        world.append("numbers/b", "0");
        runner.run_until_caught_up();
        world.append("numbers/b", "0");
        world.append("elsewhere/b", "9");
        runner.run_until_caught_up();

        CHECK(text_after(told(*world.store), 0) ==
              "insert numbers/a 3, insert numbers/b 5, update numbers/a 7, delete numbers/b");
        CHECK(rows_of_reader(*world.store) == rows_of_table(world));
    });
}

TEST_CASE("whoever waited for a projection finds it in the State stream") {
    World world(false, Driven::by_threads);
    ProjectionRunner runner(*world.store, world.options());
    runner.add(sums(), world.database);
    runner.start();
    for (int number = 1; number <= 20; ++number) {
        const auto position = world.append("numbers/a", "1");
        REQUIRE(runner.wait_for("sums", position, milliseconds{30'000}) == Waited::reached);
        CHECK(rows_of_reader(*world.store) == Strings{"numbers/a|" + std::to_string(number)});
    }
}

TEST_CASE("a history that is there already is published as one snapshot") {
    in_every_world_and_way([](World& world) {
        for (int i = 0; i < 30; ++i) world.append(i % 3 == 0 ? "numbers/a" : "numbers/b", "1");

        live(world, sums());

        CHECK(text_after(told(*world.store), 0) ==
              "snapshot-start, insert numbers/a 10, insert numbers/b 20, snapshot-end");
    });
}

TEST_CASE("a projection that starts again goes on where its State stream ends") {
    in_every_world_and_way([](World& world) {
        live(world, sums());
        for (int life = 1; life <= 5; ++life) {
            world.append("numbers/a", "1");
            live(world, sums());
            live(world, sums());
        }
        CHECK(text_after(told(*world.store), 0) ==
              "snapshot-start, insert numbers/a 1, snapshot-end, update numbers/a 2, update numbers/a 3, "
              "update numbers/a 4, update numbers/a 5");
    });
}

TEST_CASE("a snapshot is not published again when nothing happened since") {
    in_every_world([](World& world) {
        for (const auto resync : {StateResync::differences, StateResync::reset}) {
            world.append("numbers/a", "1");
            live(world, sums(1, 1, resync));
            const auto before = messages(*world.store);
            live(world, sums(1, 1, resync));
            CHECK(messages(*world.store) == before);
        }
    });
}

TEST_CASE("after a rebuild readers are told the rows that differ, and nothing before") {
    in_every_world_and_way([](World& world) {
        live(world, sums());
        world.append("numbers/same", "1");
        world.append("numbers/gone", "1");
        live(world, sums());
        const auto before = told(*world.store);

        // The new code doubles, and does not know one of the streams any more.
        auto changed = sums(2, 2);
        changed.apply = [apply = changed.apply, old = sums().apply](ReadModel& model, const Delivery& delivery) {
            if (delivery.message.stream == "numbers/gone") return;
            (delivery.message.stream == "numbers/same" ? old : apply)(model, delivery);
        };
        world.append("numbers/new", "3");
        ProjectionRunner runner(*world.store, world.options());
        runner.add(std::move(changed), world.database);
        if (world.driven == Driven::by_threads) runner.start();
        REQUIRE(eventually([&] {
            if (world.driven == Driven::by_hand) (void)runner.step();
            return runner.status("sums").state == ProjectionState::live && told(*world.store).size() > before.size();
        }));

        CHECK(text_after(told(*world.store), before.size()) ==
              "snapshot-start, insert numbers/new 6, delete numbers/gone, snapshot-end");
        CHECK(rows_of_reader(*world.store) == rows_of_table(world));
        world.append("numbers/same", "1");
        catch_up(world, runner);
        CHECK(told(*world.store).back() == "update numbers/same 2");
    });
}

TEST_CASE("readers that know a reset get one after a rebuild, and every row") {
    in_every_world([](World& world) {
        live(world, sums(1, 1, StateResync::reset));
        world.append("numbers/a", "1");
        world.append("numbers/b", "2");
        live(world, sums(1, 1, StateResync::reset));
        const auto before = told(*world.store);

        live(world, sums(2, 2, StateResync::reset));
        ProjectionRunner runner(*world.store, world.options());
        runner.add(sums(2, 2, StateResync::reset), world.database);
        runner.run_until_caught_up();

        CHECK(text_after(told(*world.store), before.size()) ==
              "reset, snapshot-start, insert numbers/a 2, insert numbers/b 4, snapshot-end");
        CHECK(rows_of_reader(*world.store) == rows_of_table(world));
    });
}

TEST_CASE("a reset in place leaves readers what they have until the rows are whole again") {
    in_every_world([](World& world) {
        ProjectionRunner runner(*world.store, world.options());
        runner.add(sums(), world.database);
        runner.run_until_caught_up();
        for (int i = 0; i < 20; ++i) world.append("numbers/" + std::to_string(i % 7), "1");
        runner.run_until_caught_up();
        const auto before = messages(*world.store);

        runner.reset("sums");
        while (runner.step()) CHECK(messages(*world.store) == before);

        CHECK(messages(*world.store) == before);
        CHECK(rows_of_reader(*world.store) == rows_of_table(world));
    });
}

TEST_CASE("a read model that is lost altogether is built anew, and readers are told what differs") {
    World world(true);
    live(world, sums());
    world.append("numbers/a", "1");
    live(world, sums());
    const auto before = told(*world.store);

    world.database.reset();
    for (const char* file : {"read.db", "read.db-wal", "read.db-shm"}) std::filesystem::remove(world.path_of(file));
    world.open_database();
    live(world, sums());
    CHECK(told(*world.store) == before);
    world.append("numbers/a", "1");
    live(world, sums());

    CHECK(text_after(told(*world.store), before.size()) == "update numbers/a 2");
}

TEST_CASE("a database that lost its last transactions with the power does not make readers see them twice") {
    World world(true);
    live(world, sums());
    world.append("numbers/a", "1");
    live(world, sums());
    world.database.reset();
    std::filesystem::copy_file(world.path_of("read.db"), world.path_of("old.db"));
    world.open_database();
    world.append("numbers/a", "10");
    world.append("numbers/b", "5");
    live(world, sums());
    const auto before = told(*world.store);

    world.database.reset();
    std::filesystem::rename(world.path_of("old.db"), world.path_of("read.db"));
    for (const char* file : {"read.db-wal", "read.db-shm"}) std::filesystem::remove(world.path_of(file));
    world.open_database();
    world.append("numbers/b", "1");
    live(world, sums());

    CHECK(text_after(told(*world.store), before.size()) == "snapshot-start, update numbers/b 6, snapshot-end");
    CHECK(rows_of_reader(*world.store) == rows_of_table(world));
}

TEST_CASE("what others write to the State stream is put right again") {
    in_every_world([](World& world) {
        ProjectionRunner runner(*world.store, world.options());
        runner.add(sums(), world.database);
        runner.run_until_caught_up();
        world.append("numbers/a", "1");
        runner.run_until_caught_up();
        world.append(state_stream, R"({"type":"sum","key":"numbers/a","value":99,"headers":{"operation":"update"}})");
        world.append(state_stream, R"({"type":"sum","key":"mine","value":1,"headers":{"operation":"insert"}})");
        world.append("numbers/b", "1");
        const auto settled = [&] {
            world.clock.advance(std::chrono::seconds{60});
            runner.run_until_caught_up();
            return rows_of_reader(*world.store) == rows_of_table(world);
        };
        CHECK(eventually(settled));

        world.append(state_stream, R"("no message at all")");
        world.append("numbers/b", "1");
        CHECK(eventually([&] {
            world.clock.advance(std::chrono::seconds{60});
            runner.run_until_caught_up();
            return text_after(told_since_reset(*world.store), 0) ==
                   "snapshot-start, insert numbers/a 1, insert numbers/b 2, snapshot-end";
        }));
    });
}

TEST_CASE("a stream that somebody compacted to its current rows goes on behind them") {
    in_every_world([](World& world) {
        ProjectionRunner runner(*world.store, world.options());
        runner.add(sums(), world.database);
        runner.run_until_caught_up();
        for (int i = 0; i < 10; ++i) {
            world.append("numbers/a", "1");
            runner.run_until_caught_up();
        }
        world.append(state_stream, R"([{"headers":{"control":"snapshot-start"}},)"
                                   R"({"type":"sum","key":"numbers/a","value":10,"headers":{"operation":"insert"}},)"
                                   R"({"headers":{"control":"snapshot-end"}}])");
        (void)world.store->truncate_before(state_stream, Offset{10}).value();

        world.append("numbers/a", "1");
        CHECK(eventually([&] {
            world.clock.advance(std::chrono::seconds{1});
            runner.run_until_caught_up();
            return rows_of_reader(*world.store) == rows_of_table(world);
        }));
        world.append("numbers/a", "1");
        runner.run_until_caught_up();

        CHECK(rows_of_reader(*world.store) == Strings{"numbers/a|12"});
        CHECK(told(*world.store).back() == "update numbers/a 12");
    });
}

TEST_CASE("a projection waits while its State stream cannot be written, and says why") {
    in_every_world([](World& world) {
        ProjectionRunner runner(*world.store, world.options());
        runner.add(sums(), world.database);
        runner.run_until_caught_up();
        (void)world.store->append({.stream = state_stream, .close = true}).value();

        world.append("numbers/a", "1");
        runner.run_until_caught_up();
        const auto status = runner.status("sums");
        CHECK(status.state == ProjectionState::retrying);
        CHECK(status.error.find("cannot publish its State stream") != std::string::npos);
        CHECK(rows_of_table(world) == Strings{"numbers/a|1"});

        (void)world.store->remove(state_stream).value();
        world.clock.advance(std::chrono::seconds{60});
        runner.run_until_caught_up();
        CHECK(runner.status("sums").state == ProjectionState::live);
        CHECK(runner.status("sums").error.empty());
        CHECK(rows_of_reader(*world.store) == rows_of_table(world));
    });
}

TEST_CASE("a definition whose State stream cannot be is refused") {
    World world(false);
    ProjectionRunner runner(*world.store, world.options());

    auto itself = sums();
    itself.events.categories = {"views"};
    CHECK_THROWS_WITH_AS(runner.add(itself, world.database), doctest::Contains("what it publishes"),
                         std::invalid_argument);
    itself.events.categories = {};
    CHECK_THROWS_AS(runner.add(itself, world.database), std::invalid_argument);

    runner.add(sums(), world.database);
    auto other = sums();
    other.name = "others";
    other.schema = {};
    CHECK_THROWS_WITH_AS(runner.add(other, world.database), doctest::Contains("publishes to views/sums already"),
                         std::invalid_argument);
}

TEST_CASE("a handler cannot put rows that nobody publishes") {
    World world(false);
    auto silent = sums();
    silent.state_stream = StateStream{.stream = "views/other"};
    silent.retry.retries = 0;
    ProjectionRunner runner(*world.store, world.options());
    runner.add(silent, world.database);
    world.append("numbers/a", "1");
    runner.run_until_caught_up();

    CHECK(runner.status("sums").state == ProjectionState::stopped);
    CHECK(runner.status("sums").error.find("publishes to views/sums") != std::string::npos);
}

TEST_CASE("more changes than one append takes are published whole") {
    World world(false);
    ProjectionRunner runner(*world.store, world.options());
    auto definition = sums();
    definition.batch_events = 5'000;
    runner.add(definition, world.database);
    runner.run_until_caught_up();
    for (int i = 0; i < 2'500; ++i) world.append("numbers/" + std::to_string(i), "1");
    runner.run_until_caught_up();

    CHECK(messages(*world.store).size() == 2'500);
    CHECK(rows_of_reader(*world.store) == rows_of_table(world));
}

}  // namespace foldback::projection_tests
