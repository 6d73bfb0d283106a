#include <fstream>

#include "store_fixture.hpp"

/// What a directory keeps, whatever becomes of the index in it.
namespace foldback::contract {
namespace {

namespace fs = std::filesystem;

/// A store with something of everything in it.
void fill(Fixture& at) {
    create_json(*at.store, "json");
    create_text(*at.store, "text");
    append_json(*at.store, "json", "[0,1,2]");
    append_text(*at.store, "text", pattern(200'000));
    REQUIRE(at.store->append(
        {.stream = "json", .messages = json("3"), .producer = Producer{"p", 2, 0}, .stream_seq = "7"}));
    fork_at(*at.store, "json", Offset{2}, "fork");
    append_json(*at.store, "fork", "9");
    REQUIRE(at.store->create(
        {.stream = "closed", .config = {.content_type = json_type}, .initial = json("[1]"), .closed = true}));
    create_json(*at.store, "deleted");
    append_json(*at.store, "deleted", "[1,2,3]");
    at.log->run_one(LogStore::Work::checkpoint);
    REQUIRE(at.store->remove("deleted"));
    REQUIRE(at.store->truncate_before("json", Offset{1}));
    append_json(*at.store, "json", "4");
}

void check_filled(Fixture& at) {
    CHECK(paths_of(at.store->list({})) == Strings{"closed", "fork", "json", "text"});
    CHECK(all_messages(*at.store, "json") == Strings{"1", "2", "3", "4"});
    CHECK(all_messages(*at.store, "fork") == Strings{"0", "1", "9"});
    CHECK((all_bytes(*at.store, "text") == pattern(200'000)));
    CHECK(at.store->head("json").value().first == Offset{1});
    CHECK(at.store->head("closed").value().closed);
    CHECK(answer(at.store->head("deleted")) == "not_found");
    CHECK(
        at.store->append({.stream = "json", .messages = json("3"), .producer = Producer{"p", 2, 0}}).value().duplicate);
    CHECK(answer(at.store->append({.stream = "json", .messages = json("3"), .stream_seq = "7"})) == "stream_seq");
    CHECK(feed_of(*at.store, "json") == Strings{"json@1=1", "json@2=2", "json@3=3", "json@4=4"});
    CHECK(at.store->tail() == Position{14});
    CHECK(at.log->stats().streams == 4);
}

void overwrite(const fs::path& file, const std::string& text) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
}

void remove_index(const fs::path& files) {
    for (const char* name : {"index.db", "index.db-wal", "index.db-shm"}) fs::remove(files / name);
}

}  // namespace

TEST_CASE("a store is the same after it was closed and opened again") {
    on_every_directory([](Fixture& at) {
        fill(at);
        at.reopen();

        CHECK_FALSE(at.report.index_rebuilt);
        CHECK(at.report.torn_bytes == 0);
        check_filled(at);
    });
}

TEST_CASE("a store is the same after its index was deleted") {
    on_every_directory([](Fixture& at) {
        fill(at);
        at.reopen(remove_index);

        CHECK(at.report.index_rebuilt);
        CHECK(at.report.index_rebuilt_because == "index.db was missing");
        CHECK(at.report.scanned_bytes > 200'000);
        check_filled(at);
    });
}

TEST_CASE("a store is the same after its index became garbage") {
    on_every_directory([](Fixture& at) {
        fill(at);
        for (const std::size_t size : {0U, 1U, 100U, 4096U, 300'000U}) {
            CAPTURE(size);
            at.reopen([&](const auto& files) { overwrite(files / "index.db", pattern(size)); });

            CHECK(at.report.index_rebuilt);
            check_filled(at);
        }
    });
}

TEST_CASE("a store is the same after its index was cut short") {
    on_every_directory([](Fixture& at) {
        fill(at);
        for (const int eighths : {1, 3, 5, 7}) {
            CAPTURE(eighths);
            at.reopen([&](const auto& files) {
                const auto size = fs::file_size(files / "index.db");
                fs::resize_file(files / "index.db", size * static_cast<unsigned>(eighths) / 8);
            });

            CHECK(at.report.index_rebuilt);
            check_filled(at);
        }
    });
}

TEST_CASE("a store is the same with an older copy of its index") {
    on_every_directory([](Fixture& at) {
        create_json(*at.store, "early");
        append_json(*at.store, "early", "[1,2,3,4]");
        at.reopen([](const auto& files) { fs::copy_file(files / "index.db", files / "index.copy"); });
        REQUIRE(at.store->remove("early"));
        fill(at);
        at.reopen([](const auto& files) {
            remove_index(files);
            fs::rename(files / "index.copy", files / "index.db");
        });

        CHECK_FALSE(at.report.index_rebuilt);
        CHECK(paths_of(at.store->list({})) == Strings{"closed", "fork", "json", "text"});
        CHECK(all_messages(*at.store, "json") == Strings{"1", "2", "3", "4"});
        CHECK(at.log->stats().streams == 4);
    });
}

TEST_CASE("an index of another store is not believed") {
    on_every_directory([](Fixture& at) {
        Fixture other(Place::directory, Driven::by_hand, small_files());
        create_json(*other.store, "foreign");
        append_text(*other.store, create_text(*other.store, "large").info.stream.text(), pattern(700'000));
        other.close();
        fill(at);
        at.reopen([&](const auto& files) {
            remove_index(files);
            fs::copy_file(other.index_file(), files / "index.db");
        });

        CHECK(at.report.index_rebuilt);
        check_filled(at);
    });
}

TEST_CASE("an index of another store that looks just the same is not believed") {
    on_every_directory([](Fixture& at) {
        Fixture other(Place::directory, Driven::by_hand, small_files());
        create_json(*other.store, "b");
        append_json(*other.store, "b", "[11,22]");
        other.close();
        create_json(*at.store, "a");
        append_json(*at.store, "a", "[33,44]");
        at.reopen([&](const auto& files) {
            remove_index(files);
            fs::copy_file(other.index_file(), files / "index.db");
        });

        CHECK(at.report.index_rebuilt);
        CHECK(paths_of(at.store->list({})) == Strings{"a"});
        CHECK(all_messages(*at.store, "a") == Strings{"33", "44"});
    });
}

TEST_CASE("an index that is ahead of its log is not believed") {
    on_every_own_directory([](Fixture& at) {
        create_json(*at.store, "a");
        append_json(*at.store, "a", "1");
        at.reopen([](const auto& files) {
            fs::copy_file(files / "0000000001.segment", files / "earlier", fs::copy_options::overwrite_existing);
        });
        append_json(*at.store, "a", "2");
        at.reopen([](const auto& files) { fs::rename(files / "earlier", files / "0000000001.segment"); });

        CHECK(at.report.index_rebuilt);
        CHECK(all_messages(*at.store, "a") == Strings{"1"});
    });
}

TEST_CASE("an index older than a rewriting is not believed") {
    on_every_directory([](Fixture& at) {
        create_text(*at.store, "kept");
        create_text(*at.store, "deleted");
        append_text(*at.store, "deleted", pattern(300'000));
        at.reopen([](const auto& files) { fs::copy_file(files / "index.db", files / "index.copy"); });
        REQUIRE(at.store->remove("deleted"));
        append_text(*at.store, "kept", pattern(700'000));
        CHECK(at.eventually([&] {
            at.log->run_one(LogStore::Work::checkpoint);
            at.log->run_one(LogStore::Work::rewrite);
            return at.log->stats().segments_rewritten > 0;
        }));
        at.reopen([](const auto& files) {
            remove_index(files);
            fs::rename(files / "index.copy", files / "index.db");
        });

        CHECK(at.report.index_rebuilt);
        CHECK(paths_of(at.store->list({})) == Strings{"kept"});
        CHECK((all_bytes(*at.store, "kept") == pattern(700'000)));
    });
}

TEST_CASE("the incarnation of a stream that left no trace is never given again") {
    on_every_directory([](Fixture& at) {
        create_text(*at.store, "kept");
        const auto last = create_text(*at.store, "deleted").info.incarnation;
        append_text(*at.store, "deleted", pattern(300'000));
        REQUIRE(at.store->remove("deleted"));
        append_text(*at.store, "kept", pattern(700'000));
        CHECK(at.eventually([&] {
            at.log->run_one(LogStore::Work::checkpoint);
            at.log->run_one(LogStore::Work::rewrite);
            return at.log->stats().segments_rewritten > 0;
        }));
        at.reopen(remove_index);

        CHECK(create_text(*at.store, "deleted").info.incarnation > last);
    });
}

TEST_CASE("incarnations and positions go on after reopening") {
    on_every_directory([](Fixture& at) {
        const auto last = create_json(*at.store, "a").info.incarnation;
        append_json(*at.store, "a", "[1,2]");
        REQUIRE(at.store->remove("a"));
        for (const bool without_index : {false, true}) {
            at.reopen([&](const auto& files) {
                if (without_index) remove_index(files);
            });
            CHECK(create_json(*at.store, without_index ? "c" : "b").info.incarnation > last);
        }
        CHECK(append_json(*at.store, "b", "3").first_position == Position{2});
    });
}

TEST_CASE("an empty store can be opened again") {
    on_every_directory([](Fixture& at) {
        at.reopen();
        at.reopen(remove_index);

        CHECK(at.store->list({}).streams.empty());
        create_json(*at.store, "s");
    });
}

TEST_CASE("a store cannot be opened twice, and the first opener is not disturbed") {
    on_every_directory([](Fixture& at) {
        create_json(*at.store, "s");

        CHECK_THROWS_AS((void)LogStore::open(at.directory->path() / "data", at.options), StoreLocked);
        CHECK_THROWS_AS((void)salvage_store(at.directory->path() / "data"), StoreLocked);

        append_json(*at.store, "s", "1");
        at.close();
        at.open();
        CHECK(all_messages(*at.store, "s") == Strings{"1"});
    });
}

TEST_CASE("a store can be verified while it is open") {
    on_every_directory([](Fixture& at) {
        fill(at);

        const auto report = verify_store(at.directory->path() / "data");

        CHECK(report.sound());
        CHECK(report.messages == 14);
    });
}

TEST_CASE("a damaged log is refused with the place, and nothing is changed") {
    on_every_own_directory([](Fixture& at) {
        fill(at);
        append_text(*at.store, "text", pattern(600'000));
        at.close();
        const auto segment = at.directory->path() / "data" / "0000000001.segment";
        {
            std::fstream file(segment, std::ios::in | std::ios::out | std::ios::binary);
            file.seekp(60'000);
            file.put('\0').put('\1').put('\2');
        }
        remove_index(at.directory->path() / "data");
        const auto written = fs::last_write_time(segment);

        CHECK_THROWS_AS(at.open(), DamagedLog);

        CHECK(fs::last_write_time(segment) == written);
        CHECK_FALSE(verify_store(at.directory->path() / "data").sound());
    });
}

TEST_CASE("streams that memory has forgotten are found, and new paths are new, in a store with many streams") {
    constexpr int stream_count = 12'000;  // more than are learned at opening
    auto options = small_files();
    options.max_resident_streams = 100;
    const auto path_of = [](int number) { return "orders/" + std::to_string(number); };
    on_every_directory(
        [&](Fixture& at) {
            for (int i = 0; i < stream_count; ++i) {
                at.store->create({.stream = path_of(i), .config = {.content_type = json_type}},
                                 [](const Result<Created>&) {});
            }
            REQUIRE(at.eventually([&] { return at.log->stats().streams == stream_count; }));
            at.log->run_one(LogStore::Work::checkpoint);

            for (const bool reopened : {false, true}) {
                if (reopened) at.reopen();
                int lost = 0;
                for (int i = 0; i < stream_count; ++i) lost += at.store->head(path_of(i)) ? 0 : 1;
                CHECK(lost == 0);
                CHECK(answer(at.store->head("orders/new")) == "not_found");
            }
            CHECK(at.store->create({.stream = "orders/new", .config = {.content_type = json_type}}));
            CHECK(at.store->remove("orders/new"));
            CHECK(answer(at.store->head("orders/new")) == "not_found");
            CHECK(at.store->create({.stream = "orders/new", .config = {.content_type = json_type}}));
            CHECK(at.store->head("orders/new"));
            CHECK(at.log->stats().streams == stream_count + 1);
        },
        options);
}

}  // namespace foldback::contract
