#include "projection_fixture.hpp"

namespace foldback::projection_tests {

World::World(bool on_disk, Driven how, Reached reached) : is_on_disk(on_disk), driven(how) {
    if (reached == Reached::another_server) {
        served = std::make_unique<test::ServedStore>();
        store = &served->store();
        open_database();
        return;
    }
    LogStoreOptions with;
    with.segment_bytes = 512 * 1024;
    with.clock = &clock;
    with.background_threads = driven == Driven::by_threads || reached == Reached::over_http;
    log = on_disk ? LogStore::open(path_of("store"), with) : LogStore::in_memory(with);
    if (reached == Reached::over_http) served = std::make_unique<test::ServedStore>(*log, clock);
    store = served ? static_cast<StreamStore*>(&served->store()) : log.get();
    open_database();
}

void World::open_database() {
    database.reset();
    database = is_on_disk ? Database::open(path_of("read.db")) : Database::in_memory();
}

Position World::append(std::string_view stream, std::string_view json) {
    return store
        ->append({.stream = stream,
                  .messages = contract::json(json),
                  .create_with = StreamConfig{.content_type = contract::json_type}})
        .value()
        .next_position;
}

Position World::append_event(std::string_view stream, std::string_view type, int n) {
    return append(stream,
                  R"({"type":")" + std::string(type) + R"(","version":1,"data":{"n":)" + std::to_string(n) + "}}");
}

ProjectionRunnerOptions World::options() const {
    ProjectionRunnerOptions options;
    options.clock = &clock;
    options.background_threads = driven == Driven::by_threads;
    return options;
}

Strings World::rows(const std::string& sql) const {
    Strings all;
    database->read([&](ReadModel& model) {
        model.query(sql, {}, [&](const Row& row) {
            std::string text;
            for (int column = 0; column < row.columns(); ++column) {
                text += (column > 0 ? "|" : "") + std::string(row.text(column));
            }
            all.push_back(text);
        });
    });
    return all;
}

Strings World::journal_rows(const std::string& name) const {
    return rows("SELECT stream || '@' || offset FROM " + name + " ORDER BY rowid");
}

void in_every_world(const std::function<void(World&)>& test) {
    if (contract::is_about_another_server()) {
        World world(false, Driven::by_hand, Reached::another_server);
        return contract::expect_to_be_told({Capability::store_order}, [&] { test(world); });
    }
    SUBCASE("in memory") {
        World world(false);
        test(world);
    }
    SUBCASE("on disk") {
        World world(true);
        test(world);
    }
    SUBCASE("over HTTP") {
        World world(false, Driven::by_hand, Reached::over_http);
        test(world);
    }
}

void in_every_world_and_way(const std::function<void(World&)>& test) {
    in_every_world(test);
    if (contract::is_about_another_server()) return;
    SUBCASE("in memory, with threads") {
        World world(false, Driven::by_threads);
        test(world);
    }
    SUBCASE("on disk, with threads") {
        World world(true, Driven::by_threads);
        test(world);
    }
    SUBCASE("over HTTP, with threads") {
        World world(false, Driven::by_threads, Reached::over_http);
        test(world);
    }
}

ProjectionDefinition journal(const std::string& name) {
    ProjectionDefinition definition;
    definition.name = name;
    definition.schema = "CREATE TABLE " + name +
                        " (stream TEXT, offset INTEGER, position INTEGER, data TEXT, replay INTEGER);" +
                        "CREATE INDEX " + name + "_by_stream ON " + name + " (stream);";
    definition.apply = [sql = "INSERT INTO " + name + " VALUES (?, ?, ?, ?, ?)"](ReadModel& model,
                                                                                 const Delivery& delivery) {
        const auto& event = delivery.message;
        model.execute(sql,
                      {event.stream, event.offset.offset.value, event.position.value, event.data, delivery.replay});
    };
    return definition;
}

ProjectionDefinition troubled_journal(Trouble& trouble, const std::string& name) {
    auto definition = journal(name);
    definition.apply = [&trouble, write = definition.apply](ReadModel& model, const Delivery& delivery) {
        write(model, delivery);
        trouble.meet(delivery.message.data);
    };
    return definition;
}

void catch_up(World& world, ProjectionRunner& runner) {
    if (world.driven == Driven::by_hand) return runner.run_until_caught_up();
    runner.start();
    REQUIRE(eventually([&] { return runner.wait_for_all(world.store->tail(), milliseconds{0}) == Waited::reached; }));
}

}  // namespace foldback::projection_tests
