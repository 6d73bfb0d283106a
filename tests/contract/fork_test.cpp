#include "store_fixture.hpp"

/// PROTOCOL §4.2.
namespace foldback::contract {
namespace {

void create_source(Fixture& at) {
    create_json(*at.store, "source");
    append_json(*at.store, "source", "[0,1,2]");
    append_json(*at.store, "source", "[3,4]");
}

Result<Created> fork(Fixture& at, std::string_view path, ForkFrom from, StreamConfig config = {.content_type = {}}) {
    return at.store->create({.stream = path, .config = std::move(config), .fork = std::move(from)});
}

StreamPoint point_of(Fixture& at, std::string_view path, std::uint64_t offset) {
    return at.store->read({.stream = path, .from = Offset{offset}, .max_messages = 0}).value().start;
}

}  // namespace

TEST_CASE("a fork has its source's data up to the fork point, and goes its own way from there") {
    on_every_store(needs({Capability::forks}), [](Fixture& at) {
        create_source(at);
        const auto forked = fork_at(*at.store, "source", Offset{2}, "fork");
        append_json(*at.store, "fork", R"(["a","b"])");
        append_json(*at.store, "source", "5");

        CHECK(forked.info.tail.offset == Offset{2});
        CHECK(forked.info.forked_from == StreamPath("source"));
        CHECK(forked.info.fork_point->offset == Offset{2});
        CHECK(forked.info.config.content_type == json_type);
        CHECK(all_messages(*at.store, "fork") == Strings{"0", "1", "\"a\"", "\"b\""});
        CHECK(all_messages(*at.store, "source") == Strings{"0", "1", "2", "3", "4", "5"});
    });
}

TEST_CASE("a fork without a fork point leaves its source at the tail") {
    on_every_store(needs({Capability::forks}), [](Fixture& at) {
        create_source(at);

        CHECK(fork(at, "fork", {.source = "source"}).value().info.tail.offset == Offset{5});
        append_json(*at.store, "source", "5");

        CHECK(all_messages(*at.store, "fork") == Strings{"0", "1", "2", "3", "4"});
    });
}

TEST_CASE("a sub-offset moves the fork point on by messages") {
    on_every_store(needs({Capability::forks}), [](Fixture& at) {
        create_source(at);

        const auto forked =
            fork(at, "fork", {.source = "source", .at = point_of(at, "source", 1), .sub_offset = 3}).value();

        CHECK(forked.info.tail.offset == Offset{4});
        CHECK(all_messages(*at.store, "fork") == Strings{"0", "1", "2", "3"});
    });
}

TEST_CASE("a sub-offset moves the fork point on by bytes") {
    on_every_store(needs({Capability::forks}), [](Fixture& at) {
        create_text(*at.store, "source");
        append_text(*at.store, "source", "hello");
        append_text(*at.store, "source", "world");

        REQUIRE(fork(at, "fork", {.source = "source", .at = point_of(at, "source", 0), .sub_offset = 7}));
        append_text(*at.store, "fork", "!");

        CHECK(all_bytes(*at.store, "fork") == "hellowo!");
    });
}

TEST_CASE("a fork at the beginning shares nothing") {
    on_every_store(needs({Capability::forks}), [](Fixture& at) {
        create_source(at);
        fork_at(*at.store, "source", Offset{0}, "fork");
        append_json(*at.store, "fork", "9");

        CHECK(all_messages(*at.store, "fork") == Strings{"9"});
    });
}

TEST_CASE("a fork point must be one of the source's") {
    on_every_store(needs({Capability::forks, Capability::incarnations}), [](Fixture& at) {
        create_source(at);
        create_json(*at.store, "other");
        append_json(*at.store, "other", "[0,1,2,3,4,5,6,7,8]");
        const auto tail = point_of(at, "source", 5);

        CHECK(answer(fork(at, "f", {.source = "source", .at = StreamPoint{tail.incarnation, {6}}})) == "bad_offset");
        CHECK(answer(fork(at, "f", {.source = "source", .at = point_of(at, "other", 2)})) == "bad_offset");
        CHECK(answer(fork(at, "f", {.source = "source", .at = tail, .sub_offset = 1})) == "bad_offset");
        CHECK(answer(fork(at, "f", {.source = "source", .sub_offset = 1})) == "bad_offset");
        CHECK(answer(fork(at, "f", {.source = "source", .at = point_of(at, "source", 1), .sub_offset = UINT64_MAX})) ==
              "bad_offset");
        CHECK(answer(at.store->head("f")) == "not_found");
    });
}

TEST_CASE("a fork needs a source") {
    on_every_store(needs({Capability::forks}), [](Fixture& at) {
        CHECK(answer(fork(at, "fork", {.source = "missing"})) == "source_not_found");
        CHECK(answer(fork(at, "self", {.source = "self"})) == "source_not_found");
        CHECK(answer(at.store->head("fork")) == "not_found");
    });
}

TEST_CASE("a fork has its source's content type or none is named") {
    on_every_store(needs({Capability::forks}), [](Fixture& at) {
        create_source(at);

        CHECK(answer(fork(at, "f", {.source = "source"}, {.content_type = text_type})) == "content_type");
        CHECK(answer(fork(at, "f", {.source = "source"}, {.content_type = "Application/json; a=b"})) == "accepted");
        CHECK(answer(fork(at, "g", {.source = "source"})) == "accepted");
    });
}

TEST_CASE("a fork may begin with content of its own, and closed") {
    on_every_store(needs({Capability::forks}), [](Fixture& at) {
        create_source(at);

        const auto created = at.store
                                 ->create({.stream = "fork",
                                           .config = {.content_type = {}},
                                           .initial = json("[8,9]"),
                                           .closed = true,
                                           .fork = ForkFrom{.source = "source", .at = point_of(at, "source", 1)}})
                                 .value();

        CHECK(created.info.tail.offset == Offset{3});
        CHECK(created.info.closed);
        CHECK(all_messages(*at.store, "fork") == Strings{"0", "8", "9"});
    });
}

TEST_CASE("a fork of a closed stream is open") {
    on_every_store(needs({Capability::forks}), [](Fixture& at) {
        create_source(at);
        REQUIRE(at.store->append({.stream = "source", .close = true}));

        CHECK_FALSE(fork(at, "fork", {.source = "source"}).value().info.closed);
        CHECK(append_json(*at.store, "fork", "5").next.offset == Offset{6});
    });
}

TEST_CASE("a fork knows neither the producers nor the stream sequence of its source") {
    on_every_store(needs({Capability::forks, Capability::stream_seq}), [](Fixture& at) {
        create_json(*at.store, "source");
        REQUIRE(at.store->append(
            {.stream = "source", .messages = json("1"), .producer = Producer{"p", 3, 0}, .stream_seq = "9"}));
        REQUIRE(fork(at, "fork", {.source = "source"}));

        const auto appended =
            at.store
                ->append({.stream = "fork", .messages = json("2"), .producer = Producer{"p", 0, 0}, .stream_seq = "1"})
                .value();

        CHECK_FALSE(appended.duplicate);
        CHECK(all_messages(*at.store, "fork") == Strings{"1", "2"});
    });
}

TEST_CASE("creating the same fork again changes nothing") {
    on_every_store(needs({Capability::forks}), [](Fixture& at) {
        create_source(at);
        const auto at_two = point_of(at, "source", 2);
        REQUIRE(fork(at, "fork", {.source = "source", .at = at_two, .sub_offset = 1}));
        REQUIRE(fork(at, "tail", {.source = "source"}));
        append_json(*at.store, "source", "5");

        CHECK_FALSE(fork(at, "fork", {.source = "source", .at = at_two, .sub_offset = 1}).value().created);
        CHECK_FALSE(fork(at, "tail", {.source = "source"}).value().created);
    });
}

TEST_CASE("creating a fork again with another source, point or kind is refused") {
    on_every_store(needs({Capability::forks}), [](Fixture& at) {
        create_source(at);
        create_json(*at.store, "other");
        append_json(*at.store, "other", "[0,1,2,3]");
        REQUIRE(fork(at, "fork", {.source = "source", .at = point_of(at, "source", 2)}));

        CHECK(answer(fork(at, "fork", {.source = "source", .at = point_of(at, "source", 3)})) == "exists");
        CHECK(answer(fork(at, "fork", {.source = "source", .at = point_of(at, "source", 2), .sub_offset = 1})) ==
              "exists");
        CHECK(answer(fork(at, "fork", {.source = "other", .at = point_of(at, "other", 2)})) == "exists");
        CHECK(answer(fork(at, "fork", {.source = "missing"})) == "exists");
        CHECK(answer(at.store->create({.stream = "fork", .config = {.content_type = json_type}})) == "exists");
        CHECK(answer(fork(at, "other", {.source = "source"})) == "exists");
    });
}

TEST_CASE("a fork takes its expiry from its source unless it asks for its own") {
    on_every_store(needs_engine(), [](Fixture& at) {
        const auto expires_at = at.clock.now() + std::chrono::hours{1};
        const StreamConfig ttl{.content_type = {}, .ttl = std::chrono::seconds{60}};
        const StreamConfig absolute{.content_type = {}, .expires_at = expires_at};
        create_text(*at.store, "forever");
        REQUIRE(at.store->create(
            {.stream = "ttl", .config = {.content_type = text_type, .ttl = std::chrono::seconds{99}}}));
        REQUIRE(at.store->create(
            {.stream = "absolute",
             .config = {.content_type = text_type, .expires_at = expires_at + std::chrono::hours{1}}}));
        int number = 0;
        const auto expiry_of = [&](const char* source, const StreamConfig& config) {
            return fork(at, "fork/" + std::to_string(number++), {.source = source}, config).value().info.config;
        };

        CHECK(expiry_of("forever", {.content_type = {}}) == StreamConfig{.content_type = text_type});
        CHECK(expiry_of("forever", ttl).ttl == std::chrono::seconds{60});
        CHECK(expiry_of("forever", absolute).expires_at == expires_at);
        CHECK(expiry_of("ttl", {.content_type = {}}).ttl == std::chrono::seconds{99});
        CHECK(expiry_of("ttl", ttl).ttl == std::chrono::seconds{60});
        CHECK(expiry_of("ttl", absolute) == StreamConfig{.content_type = text_type, .expires_at = expires_at});
        CHECK(expiry_of("absolute", {.content_type = {}}).expires_at == expires_at + std::chrono::hours{1});
        CHECK(expiry_of("absolute", ttl) == StreamConfig{.content_type = text_type, .ttl = std::chrono::seconds{60}});
        CHECK(expiry_of("absolute", absolute).expires_at == expires_at);
    });
}

TEST_CASE("creating a fork again without an expiry means the source's") {
    on_every_store(needs({Capability::forks}), [](Fixture& at) {
        create_source(at);
        const StreamConfig minute{.content_type = {}, .ttl = std::chrono::seconds{60}};
        REQUIRE(fork(at, "fork", {.source = "source"}, minute));

        CHECK(answer(fork(at, "fork", {.source = "source"})) == "exists");
        CHECK(answer(fork(at, "fork", {.source = "source"}, minute)) == "accepted");
    });
}

TEST_CASE("a fork in the commit that creates its source sees what came before it") {
    LogStoreOptions options = small_files();
    options.background_threads = false;
    const auto store = LogStore::in_memory(options);
    const auto ignore = [](const auto& result) { CHECK(answer(result) == "accepted"); };

    store->create({.stream = "source", .config = {.content_type = json_type}, .initial = json("[1,2]")}, ignore);
    store->create({.stream = "fork", .config = {.content_type = {}}, .fork = ForkFrom{.source = "source"}}, ignore);
    store->append({.stream = "source", .messages = json("3")}, ignore);
    store->append({.stream = "fork", .messages = json("4")}, ignore);
    REQUIRE(store->run_one(LogStore::Work::commit));

    CHECK(all_messages(*store, "source") == Strings{"1", "2", "3"});
    CHECK(all_messages(*store, "fork") == Strings{"1", "2", "4"});
}

}  // namespace foldback::contract
