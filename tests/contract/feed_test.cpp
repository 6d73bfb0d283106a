#include "store_fixture.hpp"

namespace foldback::contract {

TEST_CASE("the feed holds the messages of all streams in commit order") {
    on_every_store(needs_engine(), [](Fixture& at) {
        create_json(*at.store, "a");
        create_text(*at.store, "b");
        append_json(*at.store, "a", "[1,2]");
        append_text(*at.store, "b", "text");
        append_json(*at.store, "a", "3");

        const auto page = at.store->read_feed({});

        CHECK(feed_of(*at.store) == Strings{"a@0=1", "a@1=2", "b@0=text", "a@2=3"});
        REQUIRE(page.messages.size() == 4);
        CHECK(page.messages[2].framing == Framing::bytes);
        CHECK(page.messages[2].committed_at == at.clock.now());
        CHECK(page.messages[3].position == Position{3});
        CHECK(page.messages[3].offset == StreamPoint{at.store->head("a").value().incarnation, {2}});
        CHECK(page.next == Position{4});
        CHECK(page.tail == Position{4});
        CHECK(page.up_to_date);
    });
}

TEST_CASE("the feed of an empty store is up to date") {
    on_every_store(needs({Capability::store_order}), [](Fixture& at) {
        const auto page = at.store->read_feed({});

        CHECK(page.messages.empty());
        CHECK(page.up_to_date);
        CHECK(page.tail == Position{0});
    });
}

TEST_CASE("a prefix selects streams, and positions advance over the others") {
    on_every_store(needs({Capability::store_order}), [](Fixture& at) {
        for (const char* path : {"orders/1", "users/1", "orders/2", "orders"}) create_json(*at.store, path);
        append_json(*at.store, "orders/1", "1");
        append_json(*at.store, "users/1", "2");
        append_json(*at.store, "orders/2", "3");
        append_json(*at.store, "orders", "4");
        append_json(*at.store, "users/1", "[5,6,7]");

        CHECK(feed_of(*at.store, "orders/") == Strings{"orders/1@0=1", "orders/2@0=3"});
        CHECK(feed_of(*at.store, "orders/2") == Strings{"orders/2@0=3"});
        const auto nothing = at.store->read_feed({.prefix = "nobody"});
        CHECK(nothing.messages.empty());
        CHECK(nothing.next == Position{7});
        CHECK(nothing.up_to_date);
    });
}

TEST_CASE("several prefixes select the streams of all, and may be asked for together with one") {
    const Needs needed{.capabilities = {Capability::store_order},
                       .not_over_http = "there is one prefix, and what is not wanted may come along"};
    on_every_store(needed, [](Fixture& at) {
        for (const char* path : {"orders/1", "users/1", "stock/7", "ordered"}) create_json(*at.store, path);
        append_json(*at.store, "users/1", "1");
        append_json(*at.store, "orders/1", "2");
        append_json(*at.store, "stock/7", "3");
        append_json(*at.store, "ordered", "4");

        const auto streams_of = [&](FeedRequest request) {
            const auto page = at.store->read_feed(request);
            CHECK(page.next == Position{4});
            Strings streams;
            for (const auto& message : page.messages) streams.emplace_back(message.stream);
            return streams;
        };
        CHECK(streams_of({.prefixes = {"stock/", "orders/"}}) == Strings{"orders/1", "stock/7"});
        CHECK(streams_of({.prefix = "order", .prefixes = {"stock/", "orders/"}}) == Strings{"orders/1"});
        CHECK(streams_of({.prefixes = {"nobody"}}).empty());
    });
}

TEST_CASE("a feed is continued at the position where a page ended") {
    on_every_store(needs({Capability::store_order}), [](Fixture& at) {
        create_json(*at.store, "a");
        create_json(*at.store, "b");
        append_json(*at.store, "a", "[0,1,2]");
        append_json(*at.store, "b", "[3,4]");

        const auto first = at.store->read_feed({.max_messages = 2});
        const auto second = at.store->read_feed({.from = first.next, .max_messages = 2});

        CHECK(first.next == Position{2});
        CHECK_FALSE(first.up_to_date);
        REQUIRE(second.messages.size() == 2);
        CHECK(second.messages[0].data == "2");
        CHECK(second.messages[1].data == "3");
        CHECK(feed_of(*at.store, "", Position{3}) == Strings{"b@0=3", "b@1=4"});
    });
}

TEST_CASE("a page of the feed holds at least one message and no more bytes than asked for") {
    on_every_store(needs({Capability::store_order}), [](Fixture& at) {
        create_json(*at.store, "a");
        append_json(*at.store, "a", R"(["aaaaaaaa","bbbbbbbb","cccccccc"])");

        CHECK(at.store->read_feed({.max_bytes = 0}).messages.size() == 1);
        CHECK(at.store->read_feed({.max_bytes = 20}).messages.size() == 2);
        CHECK(at.store->read_feed({.max_bytes = 30}).messages.size() == 3);
    });
}

TEST_CASE("a position at or beyond the tail yields nothing") {
    on_every_store(needs({Capability::store_order}), [](Fixture& at) {
        create_json(*at.store, "a");
        append_json(*at.store, "a", "[1,2]");

        CHECK(at.store->read_feed({.from = Position{2}}).up_to_date);
        CHECK(at.store->read_feed({.from = Position{2}}).next == Position{2});
        CHECK(at.store->read_feed({.from = Position{9}}).messages.empty());
    });
}

TEST_CASE("a fork contributes to the feed what it appended itself") {
    on_every_store(needs({Capability::store_order, Capability::forks}), [](Fixture& at) {
        create_json(*at.store, "source");
        append_json(*at.store, "source", "[1,2,3]");
        fork_at(*at.store, "source", Offset{2}, "fork");
        append_json(*at.store, "fork", "9");

        CHECK(feed_of(*at.store) == Strings{"source@0=1", "source@1=2", "source@2=3", "fork@2=9"});
        CHECK(feed_of(*at.store, "fork") == Strings{"fork@2=9"});
    });
}

TEST_CASE("the feed skips deleted streams and goes on with their namesakes") {
    on_every_store(needs({Capability::store_order}), [](Fixture& at) {
        create_json(*at.store, "a");
        append_json(*at.store, "a", "[1,2]");
        REQUIRE(at.store->remove("a"));
        create_json(*at.store, "a");
        append_json(*at.store, "a", "3");

        CHECK(feed_of(*at.store) == Strings{"a@0=3"});
        CHECK(at.store->read_feed({}).messages[0].position == Position{2});
    });
}

TEST_CASE("the feed is the same after segments were sealed and the index saved") {
    auto options = small_files();
    options.segment_bytes = 256 * 1024;
    on_every_store(
        needs_engine(),
        [](Fixture& at) {
            create_json(*at.store, "a");
            Strings expected;
            for (int i = 0; i < 60; ++i) {
                auto text = std::string("\"") + std::string(20'000, static_cast<char>('a' + i % 26)) + "\"";
                append_json(*at.store, "a", text);
                expected.push_back("a@" + std::to_string(i) + "=" + text);
                if (i % 7 == 0) at.log->run_one(LogStore::Work::checkpoint);
            }

            CHECK((feed_of(*at.store) == expected));
            for (std::uint64_t from = 0; from < 60; from += 7) {
                const auto rest = feed_of(*at.store, "", Position{from});
                CHECK((rest == Strings(expected.begin() + static_cast<std::ptrdiff_t>(from), expected.end())));
            }
        },
        options);
}

TEST_CASE("the feed gets past a long stretch of log whose messages were given up") {
    LogStoreOptions options;
    options.background_threads = false;
    options.segment_bytes = 24 << 20;
    const auto store = LogStore::in_memory(options);
    create_text(*store, "producers");
    create_json(*store, "after");
    // What says which sequence numbers were seen outlives the data: over 16 MiB of log that yield nothing.
    for (std::uint64_t seq = 0; seq < 170'000; ++seq) {
        store->append({.stream = "producers", .messages = bytes("data"), .producer = Producer{"the only one", 0, seq}},
                      [](const Result<Appended>&) {});
        if (seq % 10'000 == 0) store->run_until_idle();
    }
    append_text(*store, "producers", pattern(24 << 20));
    append_json(*store, "after", "1");
    REQUIRE(store->truncate_before("producers", store->head("producers").value().tail.offset));
    store->run_until_idle();
    REQUIRE(store->stats().segments_rewritten > 0);

    std::size_t found = 0;
    Position from{170'000 / 2};
    for (int page_number = 0; page_number < 20 && found == 0; ++page_number) {
        const auto page = store->read_feed({.from = from});
        REQUIRE((page.next > from || page.up_to_date));
        from = page.next;
        found = page.messages.size();
    }

    CHECK(found == 1);
}

}  // namespace foldback::contract
