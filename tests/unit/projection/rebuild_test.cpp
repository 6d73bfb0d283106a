#include "projection_fixture.hpp"

namespace foldback::projection_tests {
namespace {

/// Sums per stream; `factor` stands for a change of the code.
ProjectionDefinition sums(int factor = 1, unsigned version = 1) {
    ProjectionDefinition definition;
    definition.name = "sums";
    definition.version = version;
    definition.schema =
        "CREATE TABLE sums (stream TEXT PRIMARY KEY, total INTEGER NOT NULL) WITHOUT ROWID;"
        "CREATE TABLE seen (id INTEGER PRIMARY KEY AUTOINCREMENT, stream TEXT);"
        "CREATE INDEX sums_by_total ON sums (total);"
        "CREATE VIEW large AS SELECT * FROM sums WHERE total >= 100;"
        "CREATE TRIGGER note AFTER INSERT ON sums BEGIN INSERT INTO seen (stream) VALUES (new.stream); END;";
    definition.apply = [factor](ReadModel& model, const Delivery& delivery) {
        model.execute(
            "INSERT INTO sums VALUES (?, ?) ON CONFLICT (stream) DO UPDATE SET total = total + excluded.total",
            {delivery.message.stream, factor * std::stoi(std::string(delivery.message.data))});
    };
    definition.batch_events = 3;
    return definition;
}

const char* const all_sums = "SELECT stream, total FROM sums ORDER BY stream";

bool rebuild_files_are_gone(const World& world) {
    for (const auto& file : std::filesystem::directory_iterator(world.directory.path())) {
        if (file.path().filename().string().find("rebuild") != std::string::npos) return false;
    }
    return true;
}

void rebuild_to_the_end(World& world, ProjectionRunner& runner) {
    if (world.driven == Driven::by_hand) return runner.run_until_caught_up();
    runner.start();
    REQUIRE(eventually([&] {
        const auto progress = runner.rebuild_progress("sums");
        return !progress || progress->caught_up;
    }));
}

}  // namespace

TEST_CASE("a rebuild of the same code comes to the same rows and is swapped in") {
    in_every_world_and_way([](World& world) {
        ProjectionRunner runner(*world.store, world.options());
        runner.add(sums(), world.database);
        for (int i = 0; i < 20; ++i) world.append(i % 2 == 0 ? "a" : "b", std::to_string(i));
        catch_up(world, runner);
        const auto before = world.rows(all_sums);

        runner.start_rebuild("sums");
        rebuild_to_the_end(world, runner);
        const auto diff = runner.diff_rebuild("sums");
        runner.swap_rebuild("sums");
        world.append("c", "100");
        catch_up(world, runner);

        CHECK(diff.same());
        CHECK(diff.tables.size() == 2);
        CHECK(before == Strings{"a|90", "b|100"});
        CHECK(world.rows(all_sums) == Strings{"a|90", "b|100", "c|100"});
        CHECK(world.rows("SELECT stream FROM large ORDER BY stream") == Strings{"b", "c"});
        CHECK(world.rows("SELECT id, stream FROM seen") == Strings{"1|a", "2|b", "3|c"});
        CHECK_FALSE(runner.rebuild_progress("sums"));
        CHECK(rebuild_files_are_gone(world));
    });
}

TEST_CASE("a rebuild leaves the live rows alone, tells its progress, and shows every row that differs") {
    in_every_world([](World& world) {
        world.append("a", "1");
        world.append("b", "2");
        world.append("zero", "0");
        {
            ProjectionRunner runner(*world.store, world.options());
            runner.add(sums(), world.database);
            runner.run_until_caught_up();
        }
        ProjectionRunner runner(*world.store, world.options());
        runner.add(sums(10, 2), world.database);
        runner.run_until_caught_up();
        CHECK(runner.status("sums").state == ProjectionState::outdated);
        CHECK(world.rows(all_sums) == Strings{"a|1", "b|2", "zero|0"});
        world.append("c", "3");

        runner.start_rebuild("sums");
        auto progress = runner.rebuild_progress("sums");
        REQUIRE(progress);
        CHECK(progress->events_done == 0);
        CHECK(progress->events_total == 4);
        CHECK_FALSE(progress->time_left);
        (void)runner.step();
        progress = runner.rebuild_progress("sums");
        CHECK(progress->events_done == 3);
        CHECK(progress->events_per_second == 3);
        CHECK(progress->time_left == milliseconds{333});
        runner.run_until_caught_up();
        CHECK(runner.rebuild_progress("sums")->caught_up);
        CHECK(world.rows(all_sums) == Strings{"a|1", "b|2", "zero|0"});

        const auto diff = runner.diff_rebuild("sums", 2);
        CHECK_FALSE(diff.same());
        CHECK(diff.live == Position{3});
        CHECK(diff.rebuilt == Position{4});
        const auto& table = diff.tables[0];
        CHECK(table.table == "sums");
        CHECK(table.live_rows == 3);
        CHECK(table.rebuilt_rows == 4);
        CHECK(table.only_live == 2);
        CHECK(table.only_rebuilt == 3);
        REQUIRE(table.sample_live.size() == 2);
        CHECK(table.sample_live[0].values == Strings{"'a'", "1"});
        CHECK(table.sample_rebuilt.size() == 2);

        runner.swap_rebuild("sums");
        CHECK(world.rows(all_sums) == Strings{"a|10", "b|20", "c|30", "zero|0"});
        CHECK(runner.status("sums").state != ProjectionState::outdated);
        world.append("a", "1");
        runner.run_until_caught_up();
        CHECK(world.rows(all_sums) == Strings{"a|20", "b|20", "c|30", "zero|0"});
    });
}

TEST_CASE("a row that one side has twice is a difference") {
    in_every_world([](World& world) {
        world.append("a", "1");
        ProjectionRunner runner(*world.store, world.options());
        runner.add(journal(), world.database);
        runner.run_until_caught_up();
        world.database->write([](ReadModel& model) { model.execute("INSERT INTO journal SELECT * FROM journal"); });

        runner.start_rebuild("journal");
        runner.run_until_caught_up();
        const auto diff = runner.diff_rebuild("journal");

        REQUIRE(diff.tables.size() == 1);
        CHECK(diff.tables[0].sample_live.at(0).count == 2);
        // The rebuilt row is the same but for being a replay.
        CHECK(diff.tables[0].sample_rebuilt.at(0).values.back() == "1");
    });
}

TEST_CASE("a rebuild with another schema is compared over the columns that both have, and takes its place") {
    in_every_world([](World& world) {
        world.append("a", "1");
        {
            ProjectionRunner runner(*world.store, world.options());
            runner.add(sums(), world.database);
            runner.run_until_caught_up();
        }
        auto changed = sums();
        changed.schema = "CREATE TABLE sums (stream TEXT PRIMARY KEY, total INTEGER NOT NULL, note TEXT DEFAULT 'new')";
        changed.apply = [](ReadModel& model, const Delivery& delivery) {
            model.execute("INSERT INTO sums (stream, total) VALUES (?, 1)", {delivery.message.stream});
        };
        ProjectionRunner runner(*world.store, world.options());
        runner.add(changed, world.database);
        runner.start_rebuild("sums");
        runner.run_until_caught_up();

        const auto diff = runner.diff_rebuild("sums");
        runner.swap_rebuild("sums");

        REQUIRE(diff.tables.size() == 2);
        CHECK(diff.tables[0].columns_only_rebuilt == Strings{"note"});
        CHECK(diff.tables[0].only_live == 0);
        CHECK(diff.tables[1].table == "seen");
        CHECK(diff.tables[1].columns_only_live == Strings{"id", "stream"});
        CHECK(world.rows("SELECT * FROM sums") == Strings{"a|1|new"});
        CHECK(world.rows("SELECT name FROM sqlite_master WHERE name IN ('seen', 'large', 'note')").empty());
    });
}

TEST_CASE("a changed projection is reset or rebuilt by itself where that is wished") {
    in_every_world_and_way([](World& world) {
        world.append("a", "1");
        {
            ProjectionRunner runner(*world.store, world.options());
            runner.add(sums(), world.database);
            catch_up(world, runner);
        }
        auto changed = sums(10, 2);
        SUBCASE("reset") { changed.on_change = OnChange::reset; }
        SUBCASE("rebuild") { changed.on_change = OnChange::rebuild; }
        ProjectionRunner runner(*world.store, world.options());
        runner.add(changed, world.database);
        if (changed.on_change == OnChange::rebuild) CHECK(world.rows(all_sums) == Strings{"a|1"});
        if (world.driven == Driven::by_threads) runner.start();
        if (world.driven == Driven::by_hand) runner.run_until_caught_up();

        CHECK(eventually([&] { return world.rows(all_sums) == Strings{"a|10"}; }));
        world.append("a", "1");
        catch_up(world, runner);
        CHECK(world.rows(all_sums) == Strings{"a|20"});
        CHECK(rebuild_files_are_gone(world));
    });
}

TEST_CASE("a swap that fails by itself says why, leaves the live rows alone and is tried again") {
    in_every_world_and_way([](World& world) {
        world.append("a", "1");
        {
            ProjectionRunner runner(*world.store, world.options());
            runner.add(sums(), world.database);
            catch_up(world, runner);
        }
        auto changed = sums(10, 2);
        changed.schema += "CREATE TABLE totals (id INTEGER);";
        changed.on_change = OnChange::rebuild;
        ProjectionRunner runner(*world.store, world.options());
        runner.add(changed, world.database);
        world.database->write([](ReadModel& model) { model.script("CREATE TABLE totals (of_somebody_else INTEGER)"); });

        if (world.driven == Driven::by_threads) runner.start();
        if (world.driven == Driven::by_hand) runner.run_until_caught_up();

        const auto is_told = [&](const std::string& error) {
            return error.find("cannot be swapped in") != std::string::npos && error.find("totals") != std::string::npos;
        };
        REQUIRE(eventually([&] { return is_told(runner.status("sums").error); }));
        const auto progress = runner.rebuild_progress("sums");
        REQUIRE(progress);
        CHECK(progress->state == ProjectionState::retrying);
        CHECK(is_told(progress->error));
        CHECK(world.rows(all_sums) == Strings{"a|1"});

        world.database->write([](ReadModel& model) { model.script("DROP TABLE totals"); });
        if (world.driven == Driven::by_hand) runner.run_until_caught_up();
        CHECK(world.rows(all_sums) == Strings{"a|1"});
        world.clock.advance(changed.retry.first_delay);
        if (world.driven == Driven::by_hand) runner.run_until_caught_up();

        CHECK(eventually([&] { return !runner.rebuild_progress("sums"); }));
        CHECK(world.rows(all_sums) == Strings{"a|10"});
        CHECK(runner.status("sums").error.empty());
        CHECK(rebuild_files_are_gone(world));
    });
}

namespace {

/// As long as it lives, nobody can open the file anew; those who have it open do not notice.
class Hidden {
public:
    explicit Hidden(std::filesystem::path file) : file_(std::move(file)), away_(file_.string() + ".away") {
        std::filesystem::rename(file_, away_);
        std::filesystem::create_directory(file_);
    }
    Hidden(const Hidden&) = delete;
    Hidden& operator=(const Hidden&) = delete;
    ~Hidden() {
        std::filesystem::remove(file_);
        std::filesystem::rename(away_, file_);
    }

private:
    std::filesystem::path file_;
    std::filesystem::path away_;
};

/// Rebuilds while the live side does not move; the tables are swapped, and the ledger cannot be read again.
void swap_with_hidden_file(World& world, ProjectionRunner& runner) {
    world.append("a", "2");
    world.append("a", "3");
    runner.start_rebuild("sums");
    runner.run_until_caught_up();
    {
        const Hidden hidden(world.path_of("shy.db"));
        runner.swap_rebuild("sums");
        CHECK(runner.status("sums").state == ProjectionState::retrying);
        CHECK_FALSE(runner.status("sums").error.empty());
        CHECK_THROWS_AS(runner.resume("sums"), DatabaseError);
    }
    CHECK(world.rows(all_sums) == Strings{"a|6"});
}

}  // namespace

TEST_CASE("a projection whose ledger cannot be read after a swap waits, and then goes on from the stored checkpoint") {
    World world(true);
    world.database = Database::open(world.path_of("shy.db"), {.max_idle_readers = 0});
    ProjectionRunner runner(*world.store, world.options());
    runner.add(sums(), world.database);
    world.append("a", "1");
    runner.run_until_caught_up();

    SUBCASE("somebody resumes it") {
        runner.pause("sums");
        swap_with_hidden_file(world, runner);
        runner.resume("sums");
        world.append("a", "4");
    }
    SUBCASE("its next step comes") {
        swap_with_hidden_file(world, runner);
        world.append("a", "4");
        runner.run_until_caught_up();
        CHECK(world.rows(all_sums) == Strings{"a|6"});
        world.clock.advance(sums().retry.first_delay);
    }
    runner.run_until_caught_up();

    CHECK(runner.status("sums").state == ProjectionState::live);
    CHECK(runner.status("sums").error.empty());
    CHECK(world.rows(all_sums) == Strings{"a|10"});
}

TEST_CASE("an interrupted rebuild goes on, one of older code is given up") {
    World world(true);
    for (int i = 1; i <= 9; ++i) world.append("a", std::to_string(i));
    {
        ProjectionRunner runner(*world.store, world.options());
        runner.add(sums(), world.database);
        runner.run_until_caught_up();
        runner.start_rebuild("sums");
        (void)runner.step();
    }
    SUBCASE("the same code") {
        ProjectionRunner runner(*world.store, world.options());
        runner.add(sums(), world.database);
        REQUIRE(runner.rebuild_progress("sums"));
        CHECK(runner.rebuild_progress("sums")->events_done == 3);
        runner.run_until_caught_up();
        CHECK(runner.diff_rebuild("sums").same());
    }
    SUBCASE("other code") {
        ProjectionRunner runner(*world.store, world.options());
        runner.add(sums(10, 2), world.database);
        CHECK_FALSE(runner.rebuild_progress("sums"));
        CHECK(rebuild_files_are_gone(world));
    }
}

TEST_CASE("what is left of a rebuild that was swapped in just before a crash is not taken for a new one") {
    World world(true);
    world.append("a", "1");
    const auto file = world.path_of("read.db.rebuild-sums");
    const auto copy = world.path_of("copy");
    {
        ProjectionRunner runner(*world.store, world.options());
        runner.add(sums(), world.database);
        runner.start_rebuild("sums");
        runner.run_until_caught_up();
    }
    std::filesystem::copy(file, copy);
    {
        ProjectionRunner runner(*world.store, world.options());
        runner.add(sums(), world.database);
        runner.swap_rebuild("sums");
    }
    std::filesystem::copy(copy, file);
    std::filesystem::remove(copy);

    ProjectionRunner runner(*world.store, world.options());
    runner.add(sums(), world.database);

    CHECK_FALSE(runner.rebuild_progress("sums"));
    CHECK_FALSE(std::filesystem::exists(file));
}

TEST_CASE("a rebuild that meets a poison event parks it, and the parked events are swapped in with the rows") {
    in_every_world([](World& world) {
        Trouble trouble;
        auto definition = troubled_journal(trouble);
        definition.on_poison = OnPoison::park;
        definition.retry.retries = 0;
        ProjectionRunner runner(*world.store, world.options());
        runner.add(definition, world.database);
        world.append("a", "[1,2]");
        world.append("b", "3");
        runner.run_until_caught_up();
        trouble.expect("1");

        runner.start_rebuild("journal");
        runner.run_until_caught_up();
        CHECK(runner.parked("journal").empty());
        runner.swap_rebuild("journal");

        CHECK(world.rows("SELECT data FROM journal") == Strings{"3"});
        CHECK(runner.parked("journal").size() == 2);
        trouble.forgive("1");
        CHECK(runner.retry_parked("journal", "a").applied == 2);
    });
}

TEST_CASE("a rebuild is given up by hand, and without one there is nothing to compare or swap") {
    in_every_world_and_way([](World& world) {
        ProjectionRunner runner(*world.store, world.options());
        runner.add(sums(), world.database);
        world.append("a", "1");
        runner.start_rebuild("sums");
        rebuild_to_the_end(world, runner);

        runner.discard_rebuild("sums");

        CHECK_FALSE(runner.rebuild_progress("sums"));
        CHECK(rebuild_files_are_gone(world));
        CHECK_THROWS_AS((void)runner.diff_rebuild("sums"), std::invalid_argument);
        CHECK_THROWS_AS(runner.swap_rebuild("sums"), std::invalid_argument);
    });
}

TEST_CASE("virtual tables are reset and not rebuilt beside the live ones") {
    in_every_world([](World& world) {
        auto words = journal();
        words.schema = "CREATE VIRTUAL TABLE journal USING fts5(data)";
        words.apply = [](ReadModel& model, const Delivery& delivery) {
            model.execute("INSERT INTO journal VALUES (?)", {delivery.message.data});
        };
        world.append("a", R"("hello world")");
        ProjectionRunner runner(*world.store, world.options());
        runner.add(words, world.database);
        runner.run_until_caught_up();

        CHECK_THROWS_AS(runner.start_rebuild("journal"), std::invalid_argument);
        runner.reset("journal");
        runner.run_until_caught_up();

        CHECK(world.rows("SELECT count(*) FROM journal WHERE journal MATCH 'world'") == Strings{"1"});
    });
}

}  // namespace foldback::projection_tests
