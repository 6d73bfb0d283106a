#include "store_fixture.hpp"

/// What the store holds in memory and on the disk, and what it gives back.
namespace foldback::contract {
namespace {

LogStoreOptions by_hand() {
    auto options = small_files();
    options.background_threads = false;
    return options;
}

}  // namespace

TEST_CASE("the statistics count streams, commits, messages and segments") {
    on_every_store(needs_engine(), [](Fixture& at) {
        CHECK(at.log->stats().streams == 0);
        CHECK(at.log->stats().segments == 1);
        create_json(*at.store, "a");
        create_text(*at.store, "b");
        append_json(*at.store, "a", "[1,2,3]");
        append_text(*at.store, "b", pattern(1'000'000));

        const auto stats = at.log->stats();

        CHECK(stats.streams == 2);
        CHECK(stats.commits == 4);
        CHECK(stats.appended_messages == 3 + 16);
        CHECK(stats.segments >= 2);
        CHECK(stats.log_bytes >= 1'500'000);
        CHECK(stats.tail == Position{19});
        CHECK_FALSE(stats.broken);
    });
}

TEST_CASE("duplicates and refusals cost no commit") {
    on_every_store(needs_engine(), [](Fixture& at) {
        create_json(*at.store, "a");
        REQUIRE(at.store->append({.stream = "a", .messages = json("1"), .producer = Producer{"p", 0, 0}}));
        const auto before = at.log->stats().commits;

        REQUIRE(at.store->append({.stream = "a", .messages = json("1"), .producer = Producer{"p", 0, 0}}));
        CHECK(answer(at.store->append({.stream = "a", .messages = json("1"), .expected = Offset{9}})) ==
              "offset_mismatch");
        REQUIRE(at.store->create({.stream = "a", .config = {.content_type = json_type}}));

        CHECK(at.log->stats().commits == before);
    });
}

TEST_CASE("what is queued together is committed together") {
    const auto store = LogStore::in_memory(by_hand());
    int accepted = 0;
    for (int i = 0; i < 100; ++i) {
        store->append({.stream = "s/" + std::to_string(i),
                       .messages = json("1"),
                       .create_with = StreamConfig{.content_type = json_type}},
                      [&](const Result<Appended>& result) { accepted += result.has_value() ? 1 : 0; });
    }
    CHECK(accepted == 0);

    REQUIRE(store->run_one(LogStore::Work::commit));

    CHECK(accepted == 100);
    CHECK(store->stats().commits == 1);
    CHECK_FALSE(store->run_one(LogStore::Work::commit));
}

TEST_CASE("nothing is visible before it is committed") {
    const auto store = LogStore::in_memory(by_hand());
    create_json(*store, "s");
    bool called = false;
    const auto watch = store->watch("s", Offset{0}, [&] { called = true; });

    store->append({.stream = "s", .messages = json("1")}, [](const Result<Appended>&) {});

    CHECK(store->head("s").value().tail.offset == Offset{0});
    CHECK(store->read({.stream = "s"}).value().runs.empty());
    CHECK(store->tail() == Position{0});
    CHECK_FALSE(called);
    store->run_until_idle();
    CHECK(called);
}

TEST_CASE("the space of deleted streams is given back, and what remains is unharmed") {
    on_every_store(needs_engine(), [](Fixture& at) {
        create_text(*at.store, "kept");
        std::string kept;
        for (int round = 0; round < 12; ++round) {
            const auto path = "deleted/" + std::to_string(round);
            create_text(*at.store, path);
            append_text(*at.store, path, pattern(300'000));
            kept += pattern(5'000, static_cast<unsigned>(round));
            append_text(*at.store, "kept", pattern(5'000, static_cast<unsigned>(round)));
        }
        const auto before = at.log->stats().log_bytes;
        for (int round = 0; round < 12; ++round) REQUIRE(at.store->remove("deleted/" + std::to_string(round)));

        CHECK(at.eventually([&] {
            at.log->run_one(LogStore::Work::checkpoint);
            return at.log->stats().log_bytes < before / 3;
        }));

        CHECK(at.log->stats().segments_rewritten > 0);
        CHECK(at.log->stats().reclaimed_bytes > 2'000'000);
        CHECK((all_bytes(*at.store, "kept") == kept));
    });
}

TEST_CASE("the space of truncated data is given back, and producers are remembered") {
    on_every_directory([](Fixture& at) {
        create_text(*at.store, "s");
        for (std::uint64_t seq = 0; seq < 12; ++seq) {
            REQUIRE(at.store->append(
                {.stream = "s", .messages = bytes(pattern(300'000)), .producer = Producer{"p", 0, seq}}));
        }
        const auto before = at.log->stats().log_bytes;
        REQUIRE(at.store->truncate_before("s", Offset{3'500'000}));

        CHECK(at.eventually([&] {
            at.log->run_one(LogStore::Work::checkpoint);
            return at.log->stats().log_bytes < before / 3;
        }));

        for (const bool without_index : {false, true}) {
            at.reopen([&](const auto& files) {
                if (without_index) std::filesystem::remove(files / "index.db");
            });
            CHECK(at.store->head("s").value().tail.offset == Offset{3'600'000});
            CHECK(all_bytes(*at.store, "s").size() == 100'000);
            CHECK(at.store->append({.stream = "s", .messages = bytes("x"), .producer = Producer{"p", 0, 11}})
                      .value()
                      .duplicate);
            CHECK(at.store->append({.stream = "s", .messages = bytes("x"), .producer = Producer{"p", 0, 3}})
                      .value()
                      .duplicate);
        }
    });
}

TEST_CASE("streams that nobody uses leave memory") {
    auto options = small_files();
    options.max_resident_streams = 50;
    on_every_store(
        needs_engine(),
        [](Fixture& at) {
            for (int i = 0; i < 400; ++i) create_json(*at.store, "s/" + std::to_string(i));
            at.log->run_one(LogStore::Work::checkpoint);

            CHECK(at.log->stats().resident_streams <= 50);
            CHECK(at.log->stats().streams == 400);
        },
        options);
}

TEST_CASE("reading many streams does not keep them in memory") {
    auto options = small_files();
    options.max_resident_streams = 50;
    on_every_store(
        needs_engine(),
        [](Fixture& at) {
            for (int i = 0; i < 400; ++i) create_json(*at.store, "s/" + std::to_string(i));
            at.log->run_one(LogStore::Work::checkpoint);
            CHECK(at.store->list({}).streams.size() == 400);
            for (int i = 0; i < 400; ++i) CHECK(answer(at.store->head("s/" + std::to_string(i))) == "accepted");

            CHECK(at.eventually([&] { return at.log->stats().resident_streams <= 50; }));
        },
        options);
}

}  // namespace foldback::contract
