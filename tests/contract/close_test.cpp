#include "store_fixture.hpp"

/// PROTOCOL §4.1, §5.3.
namespace foldback::contract {

TEST_CASE("a closed stream says so and keeps its data") {
    on_every_store(needs({Capability::store_order}), [](Fixture& at) {
        create_json(*at.store, "s");
        append_json(*at.store, "s", "[1,2]");

        const auto closed = at.store->append({.stream = "s", .close = true}).value();

        CHECK(closed.closed);
        CHECK(closed.first.offset == Offset{2});
        CHECK(closed.next.offset == Offset{2});
        CHECK(closed.first_position == closed.next_position);
        CHECK(at.store->head("s").value().closed);
        CHECK(at.store->read({.stream = "s"}).value().closed);
        CHECK(all_messages(*at.store, "s") == Strings{"1", "2"});
    });
}

TEST_CASE("a last message can close the stream in the same commit") {
    on_every_store([](Fixture& at) {
        create_json(*at.store, "s");

        const auto appended = at.store->append({.stream = "s", .messages = json("[1,2]"), .close = true}).value();

        CHECK(appended.closed);
        CHECK(appended.next.offset == Offset{2});
        CHECK(at.store->head("s").value().closed);
    });
}

TEST_CASE("a large last message closes the stream when all of it is there") {
    on_every_store([](Fixture& at) {
        create_text(*at.store, "s");

        REQUIRE(at.store->append({.stream = "s", .messages = bytes(pattern(300'000)), .close = true}));

        CHECK(at.store->head("s").value().closed);
        CHECK(all_bytes(*at.store, "s") == pattern(300'000));
    });
}

TEST_CASE("a closed stream refuses data and says where it ends") {
    on_every_store([](Fixture& at) {
        create_json(*at.store, "s");
        REQUIRE(at.store->append({.stream = "s", .messages = json("[1,2]"), .close = true}));

        const auto refused = at.store->append({.stream = "s", .messages = json("3")});
        const auto closing = at.store->append({.stream = "s", .messages = json("3"), .close = true});

        CHECK(answer(refused) == "closed");
        CHECK(refused.error().closed);
        CHECK(refused.error().tail.offset == Offset{2});
        CHECK(answer(closing) == "closed");
        CHECK(all_messages(*at.store, "s") == Strings{"1", "2"});
    });
}

TEST_CASE("closing a closed stream again succeeds and changes nothing") {
    on_every_store([](Fixture& at) {
        create_json(*at.store, "s");
        REQUIRE(at.store->append({.stream = "s", .messages = json("1"), .close = true}));

        const auto again = at.store->append({.stream = "s", .close = true}).value();

        CHECK(again.closed);
        CHECK(again.next.offset == Offset{1});
    });
}

TEST_CASE("closure comes before content type, expected offset and stream sequence") {
    on_every_store(needs({Capability::stream_seq}), [](Fixture& at) {
        create_json(*at.store, "s");
        REQUIRE(at.store->append({.stream = "s", .messages = json("1"), .stream_seq = "5", .close = true}));

        CHECK(answer(at.store->append({.stream = "s", .messages = bytes("x"), .content_type = text_type})) == "closed");
        CHECK(answer(at.store->append({.stream = "s", .messages = json("2"), .expected = Offset{0}})) == "closed");
        CHECK(answer(at.store->append({.stream = "s", .messages = json("2"), .stream_seq = "1"})) == "closed");
    });
}

TEST_CASE("a bare close may name any content type") {
    on_every_store([](Fixture& at) {
        create_json(*at.store, "s");

        CHECK(answer(at.store->append({.stream = "s", .content_type = "text/html", .close = true})) == "accepted");
    });
}

TEST_CASE("a stream that does not exist cannot be closed") {
    on_every_store([](Fixture& at) { CHECK(answer(at.store->append({.stream = "s", .close = true})) == "not_found"); });
}

TEST_CASE("a bare close at a stale offset is refused") {
    on_every_store(not_elsewhere("the protocol closes without data only unconditionally"), [](Fixture& at) {
        create_json(*at.store, "s");
        append_json(*at.store, "s", "1");

        CHECK(answer(at.store->append({.stream = "s", .expected = Offset{0}, .close = true})) == "offset_mismatch");
        CHECK_FALSE(at.store->head("s").value().closed);
    });
}

TEST_CASE("an append may create a stream and close it at once") {
    on_every_store([](Fixture& at) {
        const StreamConfig config{.content_type = json_type};

        CHECK(at.store->append({.stream = "s", .messages = json("1"), .close = true, .create_with = config})
                  .value()
                  .closed);
        CHECK(at.store->append({.stream = "empty", .close = true, .create_with = config}).value().closed);

        CHECK(all_messages(*at.store, "s") == Strings{"1"});
        CHECK(at.store->head("empty").value().closed);
    });
}

}  // namespace foldback::contract
