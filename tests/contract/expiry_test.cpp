#include "store_fixture.hpp"

/// PROTOCOL §5.1, Stream-TTL and Stream-Expires-At.
namespace foldback::contract {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

void create_for_a_minute(Fixture& at, std::string_view path = "s") {
    REQUIRE(
        at.store->create({.stream = path, .config = {.content_type = json_type, .ttl = seconds{60}}}).value().created);
}

void create_until(Fixture& at, Timestamp expires_at, std::string_view path = "s") {
    REQUIRE(at.store->create({.stream = path, .config = {.content_type = json_type, .expires_at = expires_at}})
                .value()
                .created);
}

}  // namespace

TEST_CASE("a stream that nobody uses expires after its time to live") {
    on_every_store(needs_engine(), [](Fixture& at) {
        create_for_a_minute(at);

        at.clock.advance(milliseconds{59'999});
        CHECK(answer(at.store->head("s")) == "accepted");
        at.clock.advance(milliseconds{1});

        CHECK(answer(at.store->head("s")) == "not_found");
        CHECK(answer(at.store->read({.stream = "s"})) == "not_found");
        CHECK(answer(at.store->append({.stream = "s", .messages = json("1")})) == "not_found");
        CHECK(answer(at.store->remove("s")) == "not_found");
        CHECK(at.store->list({}).streams.empty());
    });
}

TEST_CASE("an append restarts the time to live") {
    on_every_store(needs_engine(), [](Fixture& at) {
        create_for_a_minute(at);
        at.clock.advance(seconds{59});
        append_json(*at.store, "s", "1");
        at.clock.advance(seconds{59});

        CHECK(answer(at.store->head("s")) == "accepted");
    });
}

TEST_CASE("a read restarts the time to live") {
    on_every_store(needs_engine(), [](Fixture& at) {
        create_for_a_minute(at);
        at.clock.advance(seconds{59});
        REQUIRE(at.store->read({.stream = "s"}));
        at.clock.advance(seconds{59});
        REQUIRE(at.store->read({.stream = "s", .from = FromTail{}, .direction = Direction::backward}));
        at.clock.advance(seconds{59});

        CHECK(answer(at.store->head("s")) == "accepted");
    });
}

TEST_CASE("a look at the stream's head, a listing and a read of the feed restart nothing") {
    on_every_store(needs_engine(), [](Fixture& at) {
        create_for_a_minute(at);
        append_json(*at.store, "s", "1");
        at.clock.advance(seconds{59});
        REQUIRE(at.store->head("s"));
        CHECK(at.store->list({}).streams.size() == 1);
        CHECK(feed_of(*at.store).size() == 1);
        at.clock.advance(seconds{1});

        CHECK(answer(at.store->head("s")) == "not_found");
    });
}

TEST_CASE("a read that does not renew restarts nothing") {
    on_every_store(needs_engine(), [](Fixture& at) {
        create_for_a_minute(at);
        at.clock.advance(seconds{59});
        REQUIRE(at.store->read({.stream = "s", .renews_ttl = false}));
        at.clock.advance(seconds{1});

        CHECK(answer(at.store->head("s")) == "not_found");
    });
}

TEST_CASE("a time to live of zero is over at once") {
    on_every_store(needs_engine(), [](Fixture& at) {
        REQUIRE(at.store->create({.stream = "s", .config = {.content_type = json_type, .ttl = seconds{0}}}));

        CHECK(answer(at.store->head("s")) == "not_found");
    });
}

TEST_CASE("a stream with an expiry time expires then, however much it is used") {
    on_every_store(needs_engine(), [](Fixture& at) {
        create_until(at, at.clock.now() + hours{1});
        at.clock.advance(hours{1} - milliseconds{1});
        append_json(*at.store, "s", "1");
        REQUIRE(at.store->read({.stream = "s"}));
        at.clock.advance(milliseconds{1});

        CHECK(answer(at.store->head("s")) == "not_found");
    });
}

TEST_CASE("an expired stream's messages are no longer in the feed") {
    on_every_store(needs_engine(), [](Fixture& at) {
        create_for_a_minute(at);
        create_json(*at.store, "t");
        append_json(*at.store, "s", "1");
        append_json(*at.store, "t", "2");
        at.clock.advance(seconds{60});

        CHECK(feed_of(*at.store) == Strings{"t@0=2"});
    });
}

TEST_CASE("the path of an expired stream is free, even before its deletion is recorded") {
    on_every_store(needs_engine(), [](Fixture& at) {
        create_for_a_minute(at);
        append_json(*at.store, "s", "[1,2]");
        create_for_a_minute(at, "t");
        append_json(*at.store, "t", "[1,2]");
        at.clock.advance(seconds{60});

        create_text(*at.store, "s");
        const auto appended = at.store->append({.stream = "t",
                                                .messages = json("3"),
                                                .expected = Offset{0},
                                                .create_with = StreamConfig{.content_type = json_type}});

        CHECK(at.store->head("s").value().tail.offset == Offset{0});
        CHECK(answer(appended) == "accepted");
        CHECK(all_messages(*at.store, "t") == Strings{"3"});
    });
}

TEST_CASE("an expired source stays for its forks and is gone for others") {
    on_every_store(needs_engine(), [](Fixture& at) {
        create_for_a_minute(at, "source");
        append_json(*at.store, "source", "[1,2]");
        REQUIRE(at.store->create({.stream = "fork",
                                  .config = {.content_type = {}, .ttl = seconds{600}},
                                  .fork = ForkFrom{.source = "source"}}));
        at.clock.advance(seconds{60});

        CHECK(answer(at.store->head("source")) == "gone");
        CHECK(answer(at.store->create({.stream = "source", .config = {.content_type = json_type}})) == "exists");
        CHECK(answer(at.store->create(
                  {.stream = "f", .config = {.content_type = {}}, .fork = ForkFrom{.source = "source"}})) ==
              "source_gone");
        CHECK(all_messages(*at.store, "fork") == Strings{"1", "2"});
        REQUIRE(at.eventually([&] { return !at.log->run_one(LogStore::Work::expire); }));
        CHECK(answer(at.store->head("source")) == "gone");
        CHECK(all_messages(*at.store, "fork") == Strings{"1", "2"});
        at.clock.advance(seconds{600});
        CHECK(at.eventually([&] { return at.log->stats().streams == 0; }));
        CHECK(answer(at.store->head("source")) == "not_found");
    });
}

TEST_CASE("expired streams are deleted for good, however many there are") {
    on_every_store(needs_engine(), [](Fixture& at) {
        const StreamConfig absolute{.content_type = json_type, .expires_at = at.clock.now() + hours{1}};
        const StreamConfig sliding{.content_type = json_type, .ttl = seconds{60}};
        for (int i = 0; i < 9000; ++i) {
            at.store->create({.stream = "s/" + std::to_string(i), .config = i % 2 == 0 ? absolute : sliding},
                             [](const Result<Created>&) {});
        }
        create_json(*at.store, "stays");
        at.log->run_one(LogStore::Work::checkpoint);
        CHECK(at.eventually([&] { return at.log->stats().streams == 9001; }));

        at.clock.advance(hours{1});

        CHECK(at.eventually([&] { return at.log->stats().streams == 1; }));
        CHECK(paths_of(at.store->list({})) == Strings{"stays"});
    });
}

TEST_CASE("a stream that is read is not deleted when its saved deadline passes") {
    on_every_store(needs_engine(), [](Fixture& at) {
        create_for_a_minute(at);
        at.log->run_one(LogStore::Work::checkpoint);
        at.clock.advance(seconds{50});
        REQUIRE(at.store->read({.stream = "s"}));
        at.clock.advance(seconds{50});
        at.log->run_until_idle();
        CHECK(answer(at.store->head("s")) == "accepted");

        at.clock.advance(seconds{10});
        CHECK(at.eventually([&] { return at.log->stats().streams == 0; }));
    });
}

TEST_CASE("a stream that is kept alive does not expire until a window after that") {
    on_every_store(embedded_only("keeping alive is what the server does for its own live readers"), [](Fixture& at) {
        create_for_a_minute(at);
        at.log->run_one(LogStore::Work::checkpoint);
        auto first = at.store->keep_alive("s");
        {
            const auto second = at.store->keep_alive("s");
            at.clock.advance(seconds{600});
        }
        at.log->run_until_idle();
        append_json(*at.store, "s", "1");
        at.clock.advance(seconds{600});
        at.log->run_until_idle();
        CHECK(answer(at.store->head("s")) == "accepted");

        first.stop();
        at.clock.advance(milliseconds{59'999});
        CHECK(answer(at.store->head("s")) == "accepted");
        at.clock.advance(milliseconds{1});
        CHECK(answer(at.store->head("s")) == "not_found");
    });
}

TEST_CASE("an expiry time comes though the stream is kept alive") {
    on_every_store(needs_engine(), [](Fixture& at) {
        create_until(at, at.clock.now() + hours{1});
        const auto kept = at.store->keep_alive("s");

        at.clock.advance(hours{1});

        CHECK(answer(at.store->head("s")) == "not_found");
    });
}

TEST_CASE("time that the store was closed does not count as idle") {
    on_every_directory([](Fixture& at) {
        create_for_a_minute(at);
        at.clock.advance(seconds{30});
        at.close();
        at.clock.advance(hours{5});
        at.open();

        CHECK(answer(at.store->head("s")) == "accepted");
        at.clock.advance(seconds{60});
        CHECK(answer(at.store->head("s")) == "not_found");
    });
}

TEST_CASE("an expiry time that passes while the store is closed counts") {
    on_every_directory([](Fixture& at) {
        create_until(at, at.clock.now() + hours{1});
        at.close();
        at.clock.advance(hours{1});
        at.open();

        CHECK(answer(at.store->head("s")) == "not_found");
        CHECK(at.eventually([&] { return at.log->stats().streams == 0; }));
    });
}

TEST_CASE("a stream that left memory still knows when it was read") {
    auto options = small_files();
    options.max_resident_streams = 4;
    on_every_store(
        needs_engine(),
        [](Fixture& at) {
            create_for_a_minute(at);
            at.log->run_until_idle();
            at.clock.advance(seconds{50});
            REQUIRE(at.store->read({.stream = "s"}));
            for (int round = 0; round < 4; ++round) {
                for (int i = 0; i < 50; ++i) create_json(*at.store, std::to_string(round) + "/" + std::to_string(i));
                at.log->run_one(LogStore::Work::checkpoint);
            }
            at.clock.advance(seconds{50});

            CHECK(answer(at.store->head("s")) == "accepted");
            at.clock.advance(seconds{10});
            CHECK(answer(at.store->head("s")) == "not_found");
        },
        options);
}

}  // namespace foldback::contract
