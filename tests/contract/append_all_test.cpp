#include "store_fixture.hpp"

namespace foldback::contract {

TEST_CASE("appends to several streams are made in one commit, in the order of the requests") {
    on_every_store(needs({Capability::append_all, Capability::store_order}), [](Fixture& at) {
        create_json(*at.store, "a");
        create_text(*at.store, "b");

        const auto appended =
            at.store
                ->append_all(
                    {{.stream = "b", .messages = bytes("text")},
                     {.stream = "a", .messages = json("[1,2]")},
                     {.stream = "c", .messages = json("3"), .create_with = StreamConfig{.content_type = json_type}}})
                .value();

        REQUIRE(appended.size() == 3);
        CHECK(appended[0].next.offset == Offset{4});
        CHECK(appended[1].next.offset == Offset{2});
        CHECK(appended[2].next.offset == Offset{1});
        CHECK(appended[1].first_position == appended[0].next_position);
        CHECK(appended[2].first_position == appended[1].next_position);
        CHECK(feed_of(*at.store) == Strings{"b@0=text", "a@0=1", "a@1=2", "c@0=3"});
    });
}

TEST_CASE("when one of several appends is refused, none is made") {
    on_every_store(needs({Capability::append_all, Capability::store_order, Capability::stream_seq}), [](Fixture& at) {
        create_json(*at.store, "a");
        create_json(*at.store, "b");

        const auto refused = at.store->append_all(
            {{.stream = "a", .messages = json("1"), .producer = Producer{"p", 0, 0}, .stream_seq = "5"},
             {.stream = "new", .messages = json("1"), .create_with = StreamConfig{.content_type = json_type}},
             {.stream = "b", .messages = json("1"), .expected = Offset{7}}});

        CHECK(answer(refused) == "offset_mismatch");
        CHECK(at.store->head("a").value().tail.offset == Offset{0});
        CHECK(answer(at.store->head("new")) == "not_found");
        CHECK(at.store->tail() == Position{0});
        CHECK_FALSE(
            at.store->append({.stream = "a", .messages = json("1"), .producer = Producer{"p", 0, 0}, .stream_seq = "4"})
                .value()
                .duplicate);
    });
}

TEST_CASE("the first refusal of several appends is reported") {
    on_every_store(needs({Capability::append_all}), [](Fixture& at) {
        create_json(*at.store, "a");

        const auto refused = at.store->append_all({{.stream = "a", .messages = json("1")},
                                                   {.stream = "missing", .messages = json("1")},
                                                   {.stream = "a", .messages = json("1"), .expected = Offset{7}}});

        CHECK(answer(refused) == "not_found");
    });
}

TEST_CASE("a stream may occur only once among several appends") {
    on_every_store(needs({Capability::append_all, Capability::store_order}), [](Fixture& at) {
        create_json(*at.store, "a");
        const StreamConfig config{.content_type = json_type};

        CHECK(answer(at.store->append_all(
                  {{.stream = "a", .messages = json("1")}, {.stream = "a", .messages = json("2")}})) == "bad_request");
        CHECK(answer(at.store->append_all({{.stream = "n", .messages = json("1"), .create_with = config},
                                           {.stream = "n", .messages = json("2"), .create_with = config}})) ==
              "bad_request");
        CHECK(at.store->tail() == Position{0});
    });
}

TEST_CASE("a repeated batch of appends is a duplicate in every stream") {
    on_every_store(needs({Capability::append_all, Capability::store_order}), [](Fixture& at) {
        create_json(*at.store, "a");
        create_json(*at.store, "b");
        const std::vector<AppendRequest> requests{
            {.stream = "a", .messages = json("1"), .producer = Producer{"p", 0, 0}},
            {.stream = "b", .messages = json("2"), .producer = Producer{"p", 0, 0}}};
        REQUIRE(at.store->append_all(requests));

        const auto again = at.store->append_all(requests).value();

        CHECK(again[0].duplicate);
        CHECK(again[1].duplicate);
        CHECK(at.store->tail() == Position{2});
    });
}

TEST_CASE("several appends may close their streams") {
    on_every_store(needs({Capability::append_all}), [](Fixture& at) {
        create_json(*at.store, "a");
        create_json(*at.store, "b");

        REQUIRE(at.store->append_all(
            {{.stream = "a", .messages = json("1"), .close = true}, {.stream = "b", .close = true}}));

        CHECK(at.store->head("a").value().closed);
        CHECK(at.store->head("b").value().closed);
    });
}

TEST_CASE("no appends at all succeed") {
    on_every_store(needs({Capability::append_all}),
                   [](Fixture& at) { CHECK(at.store->append_all({}).value().empty()); });
}

TEST_CASE("several appends together have a largest size") {
    auto options = small_files();
    options.max_append_bytes = 1000;
    on_every_store(
        needs({Capability::append_all}),
        [](Fixture& at) {
            create_text(*at.store, "a");
            create_text(*at.store, "b");

            CHECK(answer(at.store->append_all({{.stream = "a", .messages = bytes(pattern(600))},
                                               {.stream = "b", .messages = bytes(pattern(600))}})) == "bad_request");
            CHECK(answer(at.store->append_all({{.stream = "a", .messages = bytes(pattern(500))},
                                               {.stream = "b", .messages = bytes(pattern(500))}})) == "accepted");
        },
        options);
}

TEST_CASE("an append can depend on where other streams are, without changing them") {
    on_every_store(needs({Capability::append_all, Capability::store_order}), [](Fixture& at) {
        create_json(*at.store, "a");
        append_json(*at.store, "a", "[1,2]");
        create_json(*at.store, "closed");
        append_json(*at.store, "closed", "1");
        REQUIRE(at.store->append({.stream = "closed", .close = true}).has_value());
        const auto point = at.store->head("closed").value().tail;

        const auto appended =
            at.store
                ->append_all(
                    {{.stream = "a", .expected = Offset{2}},
                     {.stream = "closed", .expected_point = point},
                     {.stream = "missing", .expected = Offset{0}},
                     {.stream = "new", .messages = json("3"), .create_with = StreamConfig{.content_type = json_type}}})
                .value();

        REQUIRE(appended.size() == 4);
        CHECK(appended[0].first == appended[0].next);
        CHECK(appended[0].next.offset == Offset{2});
        CHECK(appended[1].next == point);
        CHECK(appended[1].closed);
        CHECK(appended[2].next == StreamPoint{});
        CHECK(appended[3].next.offset == Offset{1});
        CHECK(answer(at.store->head("missing")) == "not_found");
        CHECK(feed_of(*at.store) == Strings{"a@0=1", "a@1=2", "closed@0=1", "new@0=3"});
    });
}

TEST_CASE("an append that depends on a stream that is elsewhere is refused") {
    on_every_store(needs({Capability::append_all}), [](Fixture& at) {
        create_json(*at.store, "a");
        create_json(*at.store, "b");
        append_json(*at.store, "a", "1");
        const auto before = at.store->head("a").value().tail;
        (void)at.store->remove("a").value();
        create_json(*at.store, "a");
        append_json(*at.store, "a", "1");
        const auto with = [&](AppendRequest assertion) {
            return answer(at.store->append_all({{.stream = "b", .messages = json("1")}, std::move(assertion)}));
        };

        CHECK(with({.stream = "a", .expected = Offset{0}}) == "offset_mismatch");
        CHECK(with({.stream = "a", .expected_point = before}) == "offset_mismatch");
        CHECK(with({.stream = "missing", .expected = Offset{1}}) == "not_found");
        CHECK(with({.stream = "missing", .expected_point = before}) == "not_found");
        CHECK(with({.stream = "b", .expected = Offset{0}}) == "bad_request");
        CHECK(with({.stream = "a", .expected = Offset{1}, .producer = Producer{"p", 0, 0}}) == "bad_request");
        CHECK(with({.stream = "a"}) == "bad_request");
        CHECK(answer(at.store->append({.stream = "a", .expected = Offset{1}})) == "bad_request");
        CHECK(at.store->head("b").value().tail.offset == Offset{0});
    });
}

}  // namespace foldback::contract
