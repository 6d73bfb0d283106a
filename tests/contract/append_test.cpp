#include "store_fixture.hpp"

/// PROTOCOL §5.2.
namespace foldback::contract {

TEST_CASE("an append says where it begins and ends, in the stream and in the store") {
    on_every_store(needs({Capability::store_order, Capability::incarnations}), [](Fixture& at) {
        const auto incarnation = create_json(*at.store, "a").info.incarnation;
        create_json(*at.store, "b");
        append_json(*at.store, "b", "[0,0]");

        const auto appended = append_json(*at.store, "a", "[1,2,3]");

        CHECK(appended.first == StreamPoint{incarnation, {0}});
        CHECK(appended.next == StreamPoint{incarnation, {3}});
        CHECK(appended.first_position == Position{2});
        CHECK(appended.next_position == Position{5});
        CHECK_FALSE(appended.duplicate);
        CHECK_FALSE(appended.closed);
        CHECK(at.store->tail() == Position{5});
    });
}

TEST_CASE("offsets count messages in a json stream and bytes in others") {
    on_every_store([](Fixture& at) {
        create_json(*at.store, "json");
        create_text(*at.store, "text");

        CHECK(append_json(*at.store, "json", R"(["hello","world"])").next.offset == Offset{2});
        CHECK(append_text(*at.store, "text", "hello").next.offset == Offset{5});
    });
}

TEST_CASE("json messages are kept as they were written") {
    on_every_store(needs({Capability::exact_json}), [](Fixture& at) {
        create_json(*at.store, "s");

        append_json(*at.store, "s", R"([ {"b":1, "a":1,"a":2} , 1e400,12345678901234567890, [1, 2] , "é" ])");

        CHECK(all_messages(*at.store, "s") ==
              Strings{R"({"b":1, "a":1,"a":2})", "1e400", "12345678901234567890", "[1, 2]", R"("é")"});
    });
}

TEST_CASE("one json value that is not an array is one message") {
    on_every_store([](Fixture& at) {
        create_json(*at.store, "s");

        CHECK(append_json(*at.store, "s", R"({"a":1})").next.offset == Offset{1});
        CHECK(all_messages(*at.store, "s") == Strings{R"({"a":1})"});
    });
}

TEST_CASE("appended bytes are read back whole, whatever their size") {
    on_every_store([](Fixture& at) {
        create_text(*at.store, "s");
        std::string all;
        for (const std::size_t size : {1U, 2U, 65'535U, 65'536U, 65'537U, 200'000U, 1'048'577U, 3'000'000U}) {
            const auto data = pattern(size, static_cast<unsigned>(size));
            all += data;

            CHECK(append_text(*at.store, "s", data).next.offset == Offset{all.size()});
        }

        CHECK(all_bytes(*at.store, "s") == all);
    });
}

TEST_CASE("json messages of every size keep their place in a batch") {
    on_every_store(needs({Capability::store_order}), [](Fixture& at) {
        create_json(*at.store, "s");
        Strings messages;
        for (const std::size_t size : {1U, 100U, 65'530U, 3U, 65'536U, 70'000U, 2U, 1'200'000U, 4U}) {
            messages.push_back('"' + std::string(size, 'x') + '"');
        }

        const auto appended = at.store->append({.stream = "s", .messages = Messages::trusted_json(messages)}).value();

        CHECK(appended.next.offset == Offset{messages.size()});
        CHECK(appended.next_position == Position{messages.size()});
        CHECK(all_messages(*at.store, "s") == messages);
    });
}

TEST_CASE("a batch of very many small messages is one append") {
    on_every_store([](Fixture& at) {
        create_json(*at.store, "s");
        Strings messages;
        for (int i = 0; i < 30'000; ++i) messages.push_back(std::to_string(i));

        REQUIRE(at.store->append({.stream = "s", .messages = Messages::trusted_json(messages)}));

        CHECK(all_messages(*at.store, "s") == messages);
    });
}

TEST_CASE("an append to a stream that does not exist is refused") {
    on_every_store(
        [](Fixture& at) { CHECK(answer(at.store->append({.stream = "s", .messages = json("1")})) == "not_found"); });
}

TEST_CASE("an append without data is refused unless it closes") {
    on_every_store([](Fixture& at) {
        create_json(*at.store, "s");

        CHECK(answer(at.store->append({.stream = "s"})) == "bad_request");
        CHECK(answer(at.store->append({.stream = "s", .messages = json("[]")})) == "bad_request");
        CHECK(answer(at.store->append({.stream = "s", .close = true})) == "accepted");
    });
}

TEST_CASE("an append of another content type is refused") {
    on_every_store([](Fixture& at) {
        create_json(*at.store, "json");
        create_text(*at.store, "text");

        CHECK(answer(at.store->append({.stream = "json", .messages = bytes("1")})) == "content_type");
        CHECK(answer(at.store->append({.stream = "text", .messages = json("1")})) == "content_type");
        CHECK(answer(at.store->append({.stream = "text", .messages = bytes("1"), .content_type = "text/html"})) ==
              "content_type");
        CHECK(answer(at.store->append({.stream = "text", .messages = bytes("1"), .content_type = "Text/Plain; a=b"})) ==
              "accepted");
        CHECK(all_bytes(*at.store, "text") == "1");
    });
}

TEST_CASE("an append at the expected offset succeeds") {
    on_every_store([](Fixture& at) {
        create_json(*at.store, "s");

        CHECK(answer(at.store->append({.stream = "s", .messages = json("[1,2]"), .expected = Offset{0}})) ==
              "accepted");
        CHECK(answer(at.store->append({.stream = "s", .messages = json("3"), .expected = Offset{2}})) == "accepted");
    });
}

TEST_CASE("an expected point of a deleted namesake is refused, although its offset is the tail") {
    on_every_store(needs({Capability::incarnations}), [](Fixture& at) {
        create_json(*at.store, "s");
        append_json(*at.store, "s", "1");
        const auto old_tail = at.store->head("s").value().tail;
        REQUIRE(at.store->remove("s").has_value());
        create_json(*at.store, "s");
        append_json(*at.store, "s", "1");
        const auto tail = at.store->head("s").value().tail;

        CHECK(answer(at.store->append({.stream = "s", .messages = json("2"), .expected_point = old_tail})) ==
              "offset_mismatch");
        CHECK(answer(at.store->append({.stream = "s", .messages = json("2"), .expected_point = tail})) == "accepted");
    });
}

TEST_CASE("appending at a stale offset changes nothing and says where the tail is") {
    on_every_store([](Fixture& at) {
        create_json(*at.store, "s");
        append_json(*at.store, "s", "[1,2]");

        const auto stale = at.store->append({.stream = "s", .messages = json("9"), .expected = Offset{1}});
        const auto ahead = at.store->append({.stream = "s", .messages = json("9"), .expected = Offset{3}});

        CHECK(answer(stale) == "offset_mismatch");
        CHECK(stale.error().tail.offset == Offset{2});
        CHECK(answer(ahead) == "offset_mismatch");
        CHECK(all_messages(*at.store, "s") == Strings{"1", "2"});
    });
}

TEST_CASE("an append can create its stream in the same commit") {
    on_every_store(needs({Capability::incarnations}), [](Fixture& at) {
        const StreamConfig config{.content_type = json_type, .ttl = std::chrono::seconds{60}};

        const auto appended =
            at.store->append({.stream = "s", .messages = json("[1,2]"), .expected = Offset{0}, .create_with = config})
                .value();

        CHECK(appended.first.offset == Offset{0});
        CHECK(appended.next.offset == Offset{2});
        const auto info = at.store->head("s").value();
        CHECK(info.config == config);
        CHECK(info.incarnation == appended.next.incarnation);
        CHECK(all_messages(*at.store, "s") == Strings{"1", "2"});
    });
}

TEST_CASE("an append that may create its stream appends to an existing one") {
    on_every_store([](Fixture& at) {
        create_json(*at.store, "s");
        append_json(*at.store, "s", "1");
        const StreamConfig config{.content_type = json_type};

        CHECK(at.store->append({.stream = "s", .messages = json("2"), .create_with = config}).value().next.offset ==
              Offset{2});
        CHECK(answer(at.store->append(
                  {.stream = "s", .messages = json("3"), .expected = Offset{0}, .create_with = config})) ==
              "offset_mismatch");
    });
}

TEST_CASE("a refused append creates no stream") {
    on_every_store([](Fixture& at) {
        const StreamConfig config{.content_type = json_type};

        CHECK(answer(at.store->append(
                  {.stream = "s", .messages = json("1"), .expected = Offset{1}, .create_with = config})) ==
              "offset_mismatch");
        CHECK(answer(at.store->append({.stream = "s", .messages = bytes("1"), .create_with = config})) ==
              "content_type");
        CHECK(answer(at.store->append(
                  {.stream = "s", .messages = json("1"), .content_type = text_type, .create_with = config})) ==
              "content_type");
        CHECK(answer(at.store->append(
                  {.stream = "s", .messages = json("1"), .producer = Producer{"p", 0, 1}, .create_with = config})) ==
              "sequence_gap");
        CHECK(answer(at.store->head("s")) == "not_found");
    });
}

TEST_CASE("a stream created by an append without a content type holds octets") {
    on_every_store([](Fixture& at) {
        REQUIRE(
            at.store->append({.stream = "s", .messages = bytes("1"), .create_with = StreamConfig{.content_type = {}}}));

        CHECK(at.store->head("s").value().config.content_type == "application/octet-stream");
    });
}

TEST_CASE("a stream sequence must grow byte by byte") {
    on_every_store(needs({Capability::stream_seq}), [](Fixture& at) {
        create_json(*at.store, "s");
        const auto append = [&](std::string seq) {
            return answer(at.store->append({.stream = "s", .messages = json("1"), .stream_seq = std::move(seq)}));
        };

        CHECK(append("10") == "accepted");
        CHECK(append("10") == "stream_seq");
        CHECK(append("09") == "stream_seq");
        CHECK(append("100") == "accepted");
        CHECK(append("2") == "accepted");
        CHECK(append("~") == "accepted");
        CHECK(at.store->head("s").value().tail.offset == Offset{4});
    });
}

TEST_CASE("a stream sequence is bytes") {
    on_every_store(embedded_only("a Stream-Seq is printable"), [](Fixture& at) {
        create_json(*at.store, "s");
        const auto append = [&](std::string seq) {
            return answer(at.store->append({.stream = "s", .messages = json("1"), .stream_seq = std::move(seq)}));
        };

        CHECK(append("2") == "accepted");
        CHECK(append("\x7f") == "accepted");
        CHECK(append("\x80") == "accepted");
        CHECK(append("\xff\x01") == "accepted");
        CHECK(append(std::string("\xff\x01\0", 3)) == "accepted");
        CHECK(at.store->head("s").value().tail.offset == Offset{5});
    });
}

TEST_CASE("appends without a stream sequence leave it as it was") {
    on_every_store(needs({Capability::stream_seq}), [](Fixture& at) {
        create_json(*at.store, "s");
        REQUIRE(at.store->append({.stream = "s", .messages = json("1"), .stream_seq = "5"}));
        append_json(*at.store, "s", "2");

        CHECK(answer(at.store->append({.stream = "s", .messages = json("3"), .stream_seq = "4"})) == "stream_seq");
        CHECK(answer(at.store->append({.stream = "s", .messages = json("3"), .stream_seq = "6"})) == "accepted");
    });
}

TEST_CASE("the expected offset is checked before the stream sequence") {
    on_every_store(needs({Capability::stream_seq}), [](Fixture& at) {
        create_json(*at.store, "s");
        REQUIRE(at.store->append({.stream = "s", .messages = json("1"), .stream_seq = "5"}));

        CHECK(answer(
                  at.store->append({.stream = "s", .messages = json("2"), .expected = Offset{7}, .stream_seq = "4"})) ==
              "offset_mismatch");
    });
}

}  // namespace foldback::contract
