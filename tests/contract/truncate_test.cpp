#include "store_fixture.hpp"

namespace foldback::contract {

TEST_CASE("a truncated stream begins at the offset and keeps its tail") {
    on_every_store(needs({Capability::truncate}), [](Fixture& at) {
        create_json(*at.store, "s");
        append_json(*at.store, "s", "[0,1,2]");
        append_json(*at.store, "s", "[3,4]");

        CHECK(at.store->truncate_before("s", Offset{2}).value() == Offset{2});

        const auto info = at.store->head("s").value();
        CHECK(info.first == Offset{2});
        CHECK(info.tail.offset == Offset{5});
        CHECK(all_messages(*at.store, "s") == Strings{"2", "3", "4"});
        CHECK(append_json(*at.store, "s", "5").first.offset == Offset{5});
    });
}

TEST_CASE("reading before the first retained offset is refused with that offset") {
    on_every_store(needs({Capability::truncate}), [](Fixture& at) {
        create_json(*at.store, "s");
        const auto begin = append_json(*at.store, "s", "[0,1,2]").first;
        REQUIRE(at.store->truncate_before("s", Offset{2}));

        const auto refused = at.store->read({.stream = "s", .from = Offset{1}});

        CHECK(answer(refused) == "truncated");
        CHECK(refused.error().first == Offset{2});
        CHECK(answer(at.store->read({.stream = "s", .from = begin})) == "truncated");
        CHECK(answer(at.store->read({.stream = "s", .from = Offset{2}})) == "accepted");
    });
}

TEST_CASE("a backward read ends at the first retained offset") {
    on_every_store(needs({Capability::truncate, Capability::backward_read}), [](Fixture& at) {
        create_json(*at.store, "s");
        append_json(*at.store, "s", "[0,1,2,3]");
        REQUIRE(at.store->truncate_before("s", Offset{2}));

        const auto page = at.store->read({.stream = "s", .from = FromTail{}, .direction = Direction::backward}).value();

        CHECK(texts(page) == Strings{"3", "2"});
        CHECK(page.next.offset == Offset{2});
        CHECK(page.up_to_date);
    });
}

TEST_CASE("truncating before an earlier offset again changes nothing") {
    on_every_store(needs({Capability::truncate}), [](Fixture& at) {
        create_json(*at.store, "s");
        append_json(*at.store, "s", "[0,1,2]");
        REQUIRE(at.store->truncate_before("s", Offset{2}));

        CHECK(at.store->truncate_before("s", Offset{1}).value() == Offset{2});
        CHECK(at.store->truncate_before("s", Offset{0}).value() == Offset{2});
    });
}

TEST_CASE("truncating before the tail empties a stream") {
    on_every_store(needs({Capability::truncate}), [](Fixture& at) {
        create_json(*at.store, "s");
        append_json(*at.store, "s", "[0,1,2]");

        CHECK(at.store->truncate_before("s", Offset{3}).value() == Offset{3});

        CHECK(all_messages(*at.store, "s").empty());
        append_json(*at.store, "s", "3");
        CHECK(all_messages(*at.store, "s") == Strings{"3"});
    });
}

TEST_CASE("truncating beyond the tail is refused") {
    on_every_store(needs({Capability::truncate}), [](Fixture& at) {
        create_json(*at.store, "s");
        append_json(*at.store, "s", "[0,1,2]");

        const auto refused = at.store->truncate_before("s", Offset{4});

        CHECK(answer(refused) == "bad_offset");
        CHECK(refused.error().tail.offset == Offset{3});
        CHECK(all_messages(*at.store, "s").size() == 3);
    });
}

TEST_CASE("bytes are truncated to the byte") {
    on_every_store(needs({Capability::truncate, Capability::backward_read}), [](Fixture& at) {
        create_text(*at.store, "s");
        append_text(*at.store, "s", "hello");
        append_text(*at.store, "s", "world");

        REQUIRE(at.store->truncate_before("s", Offset{7}));

        CHECK(all_bytes(*at.store, "s") == "rld");
        const auto back = at.store->read({.stream = "s", .from = FromTail{}, .direction = Direction::backward}).value();
        CHECK(texts(back) == Strings{"rld"});
    });
}

TEST_CASE("the feed begins where the stream begins") {
    on_every_store(needs({Capability::store_order, Capability::truncate}), [](Fixture& at) {
        create_json(*at.store, "json");
        create_text(*at.store, "text");
        append_json(*at.store, "json", "[0,1,2]");
        append_text(*at.store, "text", "hello");

        REQUIRE(at.store->truncate_before("json", Offset{2}));
        REQUIRE(at.store->truncate_before("text", Offset{3}));

        CHECK(feed_of(*at.store) == Strings{"json@2=2", "text@3=lo"});
    });
}

TEST_CASE("a closed stream can be truncated") {
    on_every_store(needs({Capability::truncate}), [](Fixture& at) {
        create_json(*at.store, "s");
        REQUIRE(at.store->append({.stream = "s", .messages = json("[0,1,2]"), .close = true}));

        CHECK(at.store->truncate_before("s", Offset{1}).value() == Offset{1});
        CHECK(at.store->head("s").value().closed);
    });
}

TEST_CASE("a stream that is not there cannot be truncated") {
    on_every_store(needs({Capability::truncate}),
                   [](Fixture& at) { CHECK(answer(at.store->truncate_before("s", Offset{0})) == "not_found"); });
}

TEST_CASE("forks keep what their source gives up") {
    on_every_store(needs_engine(), [](Fixture& at) {
        create_json(*at.store, "source");
        append_json(*at.store, "source", "[0,1,2,3]");
        fork_at(*at.store, "source", Offset{3}, "fork");

        REQUIRE(at.store->truncate_before("source", Offset{4}));
        at.log->run_until_idle();

        CHECK(all_messages(*at.store, "fork") == Strings{"0", "1", "2"});
        CHECK(at.store->head("fork").value().first == Offset{0});
        CHECK(all_messages(*at.store, "source").empty());
    });
}

TEST_CASE("a fork begins where its source began when it left") {
    on_every_store(needs({Capability::truncate, Capability::forks}), [](Fixture& at) {
        create_json(*at.store, "source");
        append_json(*at.store, "source", "[0,1,2,3]");
        REQUIRE(at.store->truncate_before("source", Offset{2}));

        const auto forked = fork_at(*at.store, "source", Offset{3}, "fork");
        append_json(*at.store, "fork", "9");

        CHECK(forked.info.first == Offset{2});
        CHECK(all_messages(*at.store, "fork") == Strings{"2", "9"});
    });
}

TEST_CASE("a fork point before the first retained offset is refused") {
    on_every_store(needs({Capability::truncate, Capability::forks}), [](Fixture& at) {
        create_json(*at.store, "source");
        const auto point = append_json(*at.store, "source", "[0,1,2,3]").first;
        REQUIRE(at.store->truncate_before("source", Offset{2}));

        const auto refused = at.store->create({.stream = "fork",
                                               .config = {.content_type = {}},
                                               .fork = ForkFrom{.source = "source", .at = point, .sub_offset = 3}});

        CHECK(answer(refused) == "bad_offset");
    });
}

TEST_CASE("a fork can be truncated within what it inherited and beyond") {
    on_every_store(needs({Capability::truncate, Capability::forks}), [](Fixture& at) {
        create_json(*at.store, "source");
        append_json(*at.store, "source", "[0,1,2,3]");
        fork_at(*at.store, "source", Offset{3}, "fork");
        append_json(*at.store, "fork", "[7,8,9]");

        REQUIRE(at.store->truncate_before("fork", Offset{2}));
        CHECK(all_messages(*at.store, "fork") == Strings{"2", "7", "8", "9"});
        REQUIRE(at.store->truncate_before("fork", Offset{5}));
        CHECK(all_messages(*at.store, "fork") == Strings{"9"});
        CHECK(all_messages(*at.store, "source").size() == 4);
    });
}

TEST_CASE("truncations survive reopening") {
    on_every_directory([](Fixture& at) {
        create_json(*at.store, "s");
        append_json(*at.store, "s", "[0,1,2,3]");
        REQUIRE(at.store->truncate_before("s", Offset{3}));

        for (const bool without_index : {false, true}) {
            at.reopen([&](const auto& files) {
                if (without_index) std::filesystem::remove(files / "index.db");
            });
            CHECK(all_messages(*at.store, "s") == Strings{"3"});
            CHECK(at.store->head("s").value().first == Offset{3});
        }
    });
}

}  // namespace foldback::contract
