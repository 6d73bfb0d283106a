#include <algorithm>

#include "store_fixture.hpp"

namespace foldback::contract {

TEST_CASE("streams are listed by path with what is known of them") {
    on_every_store(needs({Capability::list}), [](Fixture& at) {
        for (const char* path : {"b", "a/2", "a/10", "B"}) create_json(*at.store, path);
        append_json(*at.store, "a/2", "[1,2]");

        const auto list = at.store->list({});

        CHECK(paths_of(list) == Strings{"B", "a/10", "a/2", "b"});
        CHECK(list.complete);
        CHECK(list.streams[2].tail.offset == Offset{2});
        CHECK(list.streams[2].config.content_type == json_type);
    });
}

TEST_CASE("a prefix selects the streams of a listing") {
    on_every_store(needs({Capability::list}), [](Fixture& at) {
        for (const char* path : {"a", "a/1", "a/2", "ab", "b"}) create_json(*at.store, path);

        CHECK(paths_of(at.store->list({.prefix = "a/"})) == Strings{"a/1", "a/2"});
        CHECK(paths_of(at.store->list({.prefix = "a"})) == Strings{"a", "a/1", "a/2", "ab"});
        CHECK(at.store->list({.prefix = "c"}).streams.empty());
    });
}

TEST_CASE("a prefix selects the streams that go on with any character") {
    on_every_store(needs_engine(), [](Fixture& at) {
        const Strings paths{"a/\x21", "a/\xc3\xa9", "a/\xf4\x8f\xbf\xbf", "a/\xf4\x8f\xbf\xbf/1"};
        for (const auto& path : paths) create_json(*at.store, path);
        at.log->run_one(LogStore::Work::checkpoint);

        CHECK(paths_of(at.store->list({.prefix = "a/"})) == paths);
    });
}

TEST_CASE("a listing is cut at its limit and continued after its last path") {
    on_every_store(needs_engine(), [](Fixture& at) {
        Strings all;
        for (int i = 0; i < 100; ++i) {
            const auto path = "s/" + std::to_string(100 + i);
            create_json(*at.store, path);
            all.push_back(path);
            // Some are in the index, some are not yet.
            if (i == 30 || i == 60) at.log->run_one(LogStore::Work::checkpoint);
        }
        for (int i = 0; i < 100; i += 9) append_json(*at.store, all[static_cast<std::size_t>(i)], "1");

        for (const std::size_t limit : {1U, 2U, 7U, 33U, 50U, 99U, 100U, 101U}) {
            Strings listed;
            std::string after;
            for (bool more = true; more;) {
                const auto list = at.store->list({.after = after, .limit = limit});
                REQUIRE((!list.streams.empty() || list.complete));
                CHECK(list.streams.size() <= limit);
                for (const auto& info : list.streams) listed.push_back(info.stream.text());
                more = !list.complete;
                if (more) after = listed.back();
            }
            CHECK(listed == all);
        }
    });
}

TEST_CASE("deleted streams are not listed, however many lie together") {
    on_every_store(needs_engine(), [](Fixture& at) {
        for (int i = 0; i < 60; ++i) create_json(*at.store, "s/" + std::to_string(100 + i));
        at.log->run_one(LogStore::Work::checkpoint);
        for (int i = 5; i < 55; ++i) REQUIRE(at.store->remove("s/" + std::to_string(100 + i)));

        const auto list = at.store->list({.limit = 8});

        CHECK(paths_of(list) == Strings{"s/100", "s/101", "s/102", "s/103", "s/104", "s/155", "s/156", "s/157"});
        CHECK_FALSE(list.complete);
        CHECK(paths_of(at.store->list({.after = "s/104"})) == Strings{"s/155", "s/156", "s/157", "s/158", "s/159"});
    });
}

TEST_CASE("a listing shows the newest of several namesakes") {
    on_every_store(needs_engine(), [](Fixture& at) {
        create_json(*at.store, "s");
        at.log->run_one(LogStore::Work::checkpoint);
        REQUIRE(at.store->remove("s"));
        const auto incarnation = create_text(*at.store, "s").info.incarnation;

        const auto list = at.store->list({});

        REQUIRE(list.streams.size() == 1);
        CHECK(list.streams[0].incarnation == incarnation);
        CHECK(list.streams[0].config.content_type == text_type);
    });
}

TEST_CASE("a limit of zero lists nothing and says whether there is more") {
    on_every_store(needs({Capability::list}), [](Fixture& at) {
        CHECK(at.store->list({.limit = 0}).complete);
        create_json(*at.store, "s");
        CHECK_FALSE(at.store->list({.limit = 0}).complete);
        CHECK(at.store->list({.limit = 0}).streams.empty());
    });
}

}  // namespace foldback::contract
