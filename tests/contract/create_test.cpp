#include "store_fixture.hpp"

/// PROTOCOL §5.1.
namespace foldback::contract {

TEST_CASE("a new stream is empty, open and has the configuration it was created with") {
    on_every_store(needs({Capability::incarnations}), [](Fixture& at) {
        const auto created =
            at.store
                ->create({.stream = "orders/1", .config = {.content_type = json_type, .ttl = std::chrono::seconds{60}}})
                .value();

        CHECK(created.created);
        CHECK(created.info.stream.text() == "orders/1");
        CHECK(created.info.config.content_type == json_type);
        CHECK(created.info.config.ttl == std::chrono::seconds{60});
        CHECK(created.info.tail == StreamPoint{created.info.incarnation, {0}});
        CHECK(created.info.first == Offset{0});
        CHECK_FALSE(created.info.closed);
        CHECK(created.info.created_at == at.clock.now());
        CHECK_FALSE(created.info.forked_from);
    });
}

TEST_CASE("a stream without a content type holds octets") {
    on_every_store([](Fixture& at) {
        const auto created = at.store->create({.stream = "blob", .config = {.content_type = {}}}).value();

        CHECK(created.info.config.content_type == "application/octet-stream");
    });
}

TEST_CASE("creating a stream again with the same configuration changes nothing") {
    on_every_store(needs({Capability::incarnations}), [](Fixture& at) {
        const auto first = create_json(*at.store, "orders/1");
        append_json(*at.store, "orders/1", "[1,2]");

        const auto again =
            at.store->create({.stream = "orders/1", .config = {.content_type = json_type}, .initial = json("[9]")})
                .value();

        CHECK_FALSE(again.created);
        CHECK(again.info.incarnation == first.info.incarnation);
        CHECK(again.info.tail.offset == Offset{2});
        CHECK(all_messages(*at.store, "orders/1") == Strings{"1", "2"});
    });
}

TEST_CASE("content types that differ in case and parameters only are the same") {
    on_every_store([](Fixture& at) {
        create_json(*at.store, "orders/1");

        const auto again =
            at.store->create({.stream = "orders/1", .config = {.content_type = "Application/JSON; charset=utf-8"}});

        CHECK(answer(again) == "accepted");
    });
}

TEST_CASE("a stream cannot be created again with another content type") {
    on_every_store([](Fixture& at) {
        create_json(*at.store, "orders/1");
        append_json(*at.store, "orders/1", "[1]");

        const auto again = at.store->create({.stream = "orders/1", .config = {.content_type = text_type}});

        CHECK(answer(again) == "exists");
        CHECK(again.error().tail.offset == Offset{1});
    });
}

TEST_CASE("a stream cannot be created again with another time to live") {
    on_every_store([](Fixture& at) {
        const StreamConfig sixty{.content_type = text_type, .ttl = std::chrono::seconds{60}};
        const StreamConfig seventy{.content_type = text_type, .ttl = std::chrono::seconds{70}};
        REQUIRE(at.store->create({.stream = "s", .config = sixty}));

        CHECK(answer(at.store->create({.stream = "s", .config = sixty})) == "accepted");
        CHECK(answer(at.store->create({.stream = "s", .config = seventy})) == "exists");
        CHECK(answer(at.store->create({.stream = "s", .config = {.content_type = text_type}})) == "exists");
    });
}

TEST_CASE("a stream cannot be created again with another expiry time") {
    on_every_store(needs_engine(), [](Fixture& at) {
        const auto expires_at = at.clock.now() + std::chrono::hours{1};
        const StreamConfig config{.content_type = text_type, .expires_at = expires_at};
        const StreamConfig later{.content_type = text_type, .expires_at = expires_at + std::chrono::seconds{1}};
        REQUIRE(at.store->create({.stream = "s", .config = config}));

        CHECK(answer(at.store->create({.stream = "s", .config = config})) == "accepted");
        CHECK(answer(at.store->create({.stream = "s", .config = later})) == "exists");
    });
}

TEST_CASE("creating an existing stream must ask for the closure it has") {
    on_every_store([](Fixture& at) {
        create_text(*at.store, "open");
        REQUIRE(at.store->create({.stream = "closed", .config = {.content_type = text_type}, .closed = true}));

        CHECK(answer(at.store->create({.stream = "open", .config = {.content_type = text_type}, .closed = true})) ==
              "exists");
        CHECK(answer(at.store->create({.stream = "closed", .config = {.content_type = text_type}})) == "exists");
        CHECK(answer(at.store->create({.stream = "closed", .config = {.content_type = text_type}, .closed = true})) ==
              "accepted");
    });
}

TEST_CASE("a stream created closed with content holds that content and takes no more") {
    on_every_store([](Fixture& at) {
        const auto created =
            at.store
                ->create(
                    {.stream = "s", .config = {.content_type = json_type}, .initial = json("[1,2,3]"), .closed = true})
                .value();

        CHECK(created.info.closed);
        CHECK(created.info.tail.offset == Offset{3});
        CHECK(all_messages(*at.store, "s") == Strings{"1", "2", "3"});
        CHECK(answer(at.store->append({.stream = "s", .messages = json("4")})) == "closed");
    });
}

TEST_CASE("a stream created closed and empty is closed") {
    on_every_store([](Fixture& at) {
        REQUIRE(at.store->create({.stream = "s", .config = {.content_type = text_type}, .closed = true})
                    .value()
                    .info.closed);

        const auto page = at.store->read({.stream = "s"}).value();

        CHECK(page.closed);
        CHECK(page.up_to_date);
        CHECK(page.runs.empty());
    });
}

TEST_CASE("the initial content must be of the stream's type") {
    on_every_store([](Fixture& at) {
        const auto refused =
            at.store->create({.stream = "s", .config = {.content_type = json_type}, .initial = bytes("text")});

        CHECK(answer(refused) == "content_type");
        CHECK(answer(at.store->head("s")) == "not_found");
    });
}

TEST_CASE("a time to live and an expiry time contradict each other") {
    on_every_store(needs_engine(), [](Fixture& at) {
        const StreamConfig both{.content_type = json_type,
                                .ttl = std::chrono::seconds{1},
                                .expires_at = at.clock.now() + std::chrono::hours{1}};

        CHECK(answer(at.store->create({.stream = "s", .config = both})) == "bad_request");
        CHECK(answer(at.store->append({.stream = "s", .messages = json("1"), .create_with = both})) == "bad_request");
        CHECK(answer(at.store->head("s")) == "not_found");
    });
}

TEST_CASE("a stream gets a greater incarnation than all before it") {
    on_every_store(needs({Capability::incarnations}), [](Fixture& at) {
        const auto first = create_json(*at.store, "a");
        const auto second = create_json(*at.store, "b");
        REQUIRE(at.store->remove("b"));
        const auto third = create_json(*at.store, "b");

        CHECK(first.info.incarnation > Incarnation{0});
        CHECK(second.info.incarnation > first.info.incarnation);
        CHECK(third.info.incarnation > second.info.incarnation);
    });
}

TEST_CASE("paths are bytes: case, blanks and other alphabets count") {
    on_every_store([](Fixture& at) {
        create_json(*at.store, "Orders/é 1");
        create_json(*at.store, "orders/é 1");

        CHECK(at.store->head("Orders/é 1").value().stream.text() == "Orders/é 1");
        CHECK(answer(at.store->head("orders/e 1")) == "not_found");
    });
}

}  // namespace foldback::contract
