#include "store_fixture.hpp"

/// Forks of forks, their tokens, and what becomes of deleted sources: PROTOCOL §4.2, §8.
namespace foldback::contract {
namespace {

/// source: 0…9; middle leaves it at 6 and adds a, b, c; leaf leaves the middle at `at` and adds x.
void create_chain(Fixture& at, Offset leaf_at) {
    create_json(*at.store, "source");
    append_json(*at.store, "source", "[0,1,2,3,4,5,6,7,8,9]");
    fork_at(*at.store, "source", Offset{6}, "middle");
    append_json(*at.store, "middle", R"(["a","b","c"])");
    fork_at(*at.store, "middle", leaf_at, "leaf");
    append_json(*at.store, "leaf", "\"x\"");
}

}  // namespace

TEST_CASE("a fork of a fork reads through both") {
    on_every_store(needs({Capability::forks}), [](Fixture& at) {
        create_chain(at, Offset{8});

        CHECK(all_messages(*at.store, "leaf") == Strings{"0", "1", "2", "3", "4", "5", "\"a\"", "\"b\"", "\"x\""});
        CHECK(at.store->head("leaf").value().forked_from == StreamPath("middle"));
    });
}

TEST_CASE("a fork may leave its source within what that has inherited") {
    on_every_store(needs({Capability::forks}), [](Fixture& at) {
        create_chain(at, Offset{3});

        CHECK(all_messages(*at.store, "leaf") == Strings{"0", "1", "2", "\"x\""});
    });
}

TEST_CASE("a fork may leave its source at its fork point") {
    on_every_store(needs({Capability::forks}), [](Fixture& at) {
        create_chain(at, Offset{6});

        CHECK(all_messages(*at.store, "leaf") == Strings{"0", "1", "2", "3", "4", "5", "\"x\""});
    });
}

TEST_CASE("a fork and its source name the shared history alike, and the rest differently") {
    on_every_store(needs({Capability::incarnations}), [](Fixture& at) {
        create_chain(at, Offset{8});
        const auto token = [&](const char* path, std::uint64_t offset) {
            return at.store->read({.stream = path, .from = Offset{offset}, .max_messages = 0}).value().start;
        };
        const auto source = at.store->head("source").value().incarnation;
        const auto middle = at.store->head("middle").value().incarnation;
        const auto leaf = at.store->head("leaf").value().incarnation;

        CHECK(token("source", 4) == StreamPoint{source, {4}});
        CHECK(token("middle", 4) == StreamPoint{source, {4}});
        CHECK(token("middle", 6) == StreamPoint{source, {6}});
        CHECK(token("middle", 7) == StreamPoint{middle, {7}});
        CHECK(token("leaf", 6) == StreamPoint{source, {6}});
        CHECK(token("leaf", 8) == StreamPoint{middle, {8}});
        CHECK(token("leaf", 9) == StreamPoint{leaf, {9}});
        CHECK(at.store->head("leaf").value().fork_point == StreamPoint{middle, {8}});
        CHECK(answer(at.store->read({.stream = "leaf", .from = StreamPoint{source, {6}}})) == "accepted");
        CHECK(answer(at.store->read({.stream = "leaf", .from = StreamPoint{source, {7}}})) == "bad_offset");
        CHECK(answer(at.store->read({.stream = "middle", .from = StreamPoint{leaf, {9}}})) == "bad_offset");
        CHECK(answer(at.store->read({.stream = "leaf", .from = StreamPoint{leaf, {2}}})) == "bad_offset");
    });
}

TEST_CASE("a page that crosses fork points is one sequence in both directions") {
    on_every_store(needs({Capability::backward_read}), [](Fixture& at) {
        create_chain(at, Offset{8});

        const auto page = at.store->read({.stream = "leaf", .from = Offset{4}}).value();
        const auto back =
            at.store->read({.stream = "leaf", .from = FromTail{}, .direction = Direction::backward, .max_messages = 6})
                .value();

        CHECK(texts(page) == Strings{"4", "5", "\"a\"", "\"b\"", "\"x\""});
        CHECK(page.next == page.tail);
        CHECK(texts(back) == Strings{"\"x\"", "\"b\"", "\"a\"", "5", "4", "3"});
        CHECK(back.next.offset == Offset{3});
    });
}

TEST_CASE("a deleted source is gone for clients while forks read its data") {
    on_every_store(
        needs({Capability::store_order, Capability::truncate, Capability::list, Capability::forks}), [](Fixture& at) {
            create_chain(at, Offset{8});
            REQUIRE(at.store->remove("source"));

            CHECK(answer(at.store->head("source")) == "gone");
            CHECK(answer(at.store->read({.stream = "source"})) == "gone");
            CHECK(answer(at.store->append({.stream = "source", .messages = json("1")})) == "gone");
            CHECK(answer(at.store->append({.stream = "source",
                                           .messages = json("1"),
                                           .create_with = StreamConfig{.content_type = json_type}})) == "gone");
            CHECK(answer(at.store->remove("source")) == "gone");
            CHECK(answer(at.store->truncate_before("source", Offset{1})) == "gone");
            CHECK(answer(at.store->create({.stream = "source", .config = {.content_type = json_type}})) == "exists");
            CHECK(answer(at.store->create(
                      {.stream = "f", .config = {.content_type = {}}, .fork = ForkFrom{.source = "source"}})) ==
                  "source_gone");
            CHECK(paths_of(at.store->list({})) == Strings{"leaf", "middle"});
            CHECK(feed_of(*at.store) == Strings{"middle@6=\"a\"", "middle@7=\"b\"", "middle@8=\"c\"", "leaf@8=\"x\""});
            CHECK(all_messages(*at.store, "middle").size() == 9);
            CHECK(all_messages(*at.store, "leaf").size() == 9);
        });
}

TEST_CASE("a deleted source goes with its last fork, up the whole chain") {
    on_every_store(needs_engine(), [](Fixture& at) {
        create_chain(at, Offset{8});
        REQUIRE(at.store->remove("source"));
        REQUIRE(at.store->remove("middle"));
        CHECK(answer(at.store->head("middle")) == "gone");
        CHECK(answer(at.store->head("source")) == "gone");
        CHECK(all_messages(*at.store, "leaf").size() == 9);
        CHECK(at.log->stats().streams == 3);

        REQUIRE(at.store->remove("leaf"));

        CHECK(answer(at.store->head("leaf")) == "not_found");
        CHECK(answer(at.store->head("middle")) == "not_found");
        CHECK(answer(at.store->head("source")) == "not_found");
        CHECK(at.log->stats().streams == 0);
        create_text(*at.store, "source");
    });
}

TEST_CASE("a source that lives on does not go with its forks") {
    on_every_store(needs({Capability::forks}), [](Fixture& at) {
        create_chain(at, Offset{8});

        REQUIRE(at.store->remove("leaf"));
        REQUIRE(at.store->remove("middle"));

        CHECK(answer(at.store->head("middle")) == "not_found");
        CHECK(all_messages(*at.store, "source").size() == 10);
        CHECK(answer(at.store->remove("source")) == "accepted");
        CHECK(answer(at.store->head("source")) == "not_found");
    });
}

TEST_CASE("a soft-deleted source with several forks goes with the last of them") {
    on_every_store(needs({Capability::forks}), [](Fixture& at) {
        create_json(*at.store, "source");
        append_json(*at.store, "source", "[1,2]");
        for (const char* path : {"a", "b", "c"}) fork_at(*at.store, "source", Offset{1}, path);
        REQUIRE(at.store->remove("source"));

        REQUIRE(at.store->remove("b"));
        REQUIRE(at.store->remove("a"));
        CHECK(answer(at.store->head("source")) == "gone");
        CHECK(all_messages(*at.store, "c") == Strings{"1"});
        REQUIRE(at.store->remove("c"));

        CHECK(answer(at.store->head("source")) == "not_found");
    });
}

TEST_CASE("creating an existing fork again succeeds though its source is deleted") {
    on_every_store(needs({Capability::forks}), [](Fixture& at) {
        create_chain(at, Offset{8});
        const auto at_six = at.store->head("middle").value().fork_point.value();
        REQUIRE(at.store->remove("source"));

        const auto again = at.store->create(
            {.stream = "middle", .config = {.content_type = {}}, .fork = ForkFrom{.source = "source", .at = at_six}});

        CHECK(answer(again) == "accepted");
    });
}

TEST_CASE("forks and soft deletions survive reopening") {
    on_every_directory([](Fixture& at) {
        create_chain(at, Offset{8});
        REQUIRE(at.store->remove("source"));
        REQUIRE(at.store->remove("middle"));

        for (const bool without_index : {false, true}) {
            at.reopen([&](const auto& files) {
                if (without_index) std::filesystem::remove(files / "index.db");
            });
            CHECK(answer(at.store->head("source")) == "gone");
            CHECK(answer(at.store->head("middle")) == "gone");
            CHECK(all_messages(*at.store, "leaf").size() == 9);
            CHECK(at.store->head("leaf").value().forked_from == StreamPath("middle"));
        }
        REQUIRE(at.store->remove("leaf"));
        at.reopen();
        CHECK(at.log->stats().streams == 0);
    });
}

}  // namespace foldback::contract
