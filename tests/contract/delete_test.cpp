#include "store_fixture.hpp"

/// PROTOCOL §5.4.
namespace foldback::contract {

TEST_CASE("a deleted stream is gone for every operation") {
    on_every_store(needs({Capability::store_order, Capability::truncate, Capability::list}), [](Fixture& at) {
        create_json(*at.store, "s");
        append_json(*at.store, "s", "[1,2]");

        REQUIRE(at.store->remove("s"));

        CHECK(answer(at.store->head("s")) == "not_found");
        CHECK(answer(at.store->read({.stream = "s"})) == "not_found");
        CHECK(answer(at.store->append({.stream = "s", .messages = json("1")})) == "not_found");
        CHECK(answer(at.store->append({.stream = "s", .close = true})) == "not_found");
        CHECK(answer(at.store->remove("s")) == "not_found");
        CHECK(answer(at.store->truncate_before("s", Offset{0})) == "not_found");
        CHECK(at.store->list({}).streams.empty());
        CHECK(feed_of(*at.store).empty());
    });
}

TEST_CASE("a stream that never was cannot be deleted") {
    on_every_store([](Fixture& at) { CHECK(answer(at.store->remove("s")) == "not_found"); });
}

TEST_CASE("a closed stream can be deleted") {
    on_every_store([](Fixture& at) {
        create_json(*at.store, "s");
        REQUIRE(at.store->append({.stream = "s", .close = true}));

        CHECK(answer(at.store->remove("s")) == "accepted");
    });
}

TEST_CASE("a path can be used again after a deletion, with another configuration") {
    on_every_store(needs({Capability::store_order}), [](Fixture& at) {
        create_json(*at.store, "s");
        append_json(*at.store, "s", "[1,2]");
        REQUIRE(at.store->remove("s"));

        create_text(*at.store, "s");
        append_text(*at.store, "s", "new");

        CHECK(all_messages(*at.store, "s") == Strings{"new"});
        CHECK(at.store->head("s").value().tail.offset == Offset{3});
        CHECK(feed_of(*at.store) == Strings{"s@0=new"});
    });
}

TEST_CASE("positions go on after a deletion") {
    on_every_store(needs({Capability::store_order}), [](Fixture& at) {
        create_json(*at.store, "s");
        append_json(*at.store, "s", "[1,2]");
        REQUIRE(at.store->remove("s"));
        create_json(*at.store, "s");

        CHECK(append_json(*at.store, "s", "3").first_position == Position{2});
    });
}

TEST_CASE("a deletion, a creation and appends of one path in one commit take effect in order") {
    LogStoreOptions options = small_files();
    options.background_threads = false;
    const auto store = LogStore::in_memory(options);
    create_json(*store, "s");
    append_json(*store, "s", "[1,2,3]");
    Strings answers;
    const auto note = [&](const auto& result) { answers.push_back(answer(result)); };

    store->append({.stream = "s", .messages = json("4")}, note);
    store->remove("s", note);
    store->append({.stream = "s", .messages = json("5")}, note);
    store->create({.stream = "s", .config = {.content_type = json_type}}, note);
    store->append({.stream = "s", .messages = json("6"), .expected = Offset{0}}, note);
    store->remove("s", note);
    store->create({.stream = "s", .config = {.content_type = json_type}, .initial = json("7")}, note);
    store->append({.stream = "s", .messages = json("8"), .expected = Offset{1}}, note);
    REQUIRE(store->run_one(LogStore::Work::commit));

    CHECK(answers ==
          Strings{"accepted", "accepted", "not_found", "accepted", "accepted", "accepted", "accepted", "accepted"});
    CHECK(all_messages(*store, "s") == Strings{"7", "8"});
    CHECK(store->stats().streams == 1);
    CHECK(store->stats().commits == 3);
}

TEST_CASE("a token of a deleted namesake is refused") {
    on_every_store(needs({Capability::incarnations}), [](Fixture& at) {
        create_json(*at.store, "s");
        const auto old = append_json(*at.store, "s", "[1,2]").next;
        REQUIRE(at.store->remove("s"));
        create_json(*at.store, "s");
        append_json(*at.store, "s", "[3,4,5]");

        CHECK(answer(at.store->read({.stream = "s", .from = old})) == "bad_offset");
        CHECK(answer(at.store->read({.stream = "s", .from = old.offset})) == "accepted");
    });
}

}  // namespace foldback::contract
