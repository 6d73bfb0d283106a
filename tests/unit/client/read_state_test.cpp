#include "client/read_state.hpp"

#include <doctest/doctest.h>

using namespace foldback::client;
using namespace std::chrono_literals;
using detail::ReadState;
using detail::ResponseHead;

namespace {

ResponseHead head(const std::string& next, const std::string& type, detail::Headers more = {}) {
    ResponseHead head{.status = 200, .headers = {{"stream-next-offset", next}, {"content-type", type}}};
    for (auto& header : more) head.headers.push_back(std::move(header));
    return head;
}

const detail::Headers up_to_date{{"stream-up-to-date", "true"}, {"stream-cursor", "c1"}};
const ResponseHead events{.status = 200, .headers = {{"content-type", "text/event-stream"}}};

/// A session that has read `[1]` and follows by events.
ReadState following() {
    ReadState state(Offset(), Live::automatic, 1000);
    REQUIRE(state.take_answer(head("5", "application/json", up_to_date), "[1]"));
    REQUIRE(state.take_batch());
    REQUIRE(state.wants_events());
    REQUIRE(state.begin_events(events));
    return state;
}

}  // namespace

TEST_CASE("a stream is read answer by answer to its end") {
    ReadState state(Offset("3"), Live::off, 1000);
    CHECK(state.query() == "offset=3");

    REQUIRE(state.take_answer(head("5", "text/plain"), "ab"));
    CHECK_FALSE(state.is_done());
    CHECK(state.query() == "offset=5");
    REQUIRE(state.take_answer(head("6", "text/plain", up_to_date), "c"));

    CHECK(state.is_done());
    CHECK(state.offset().text() == "3");
    CHECK(state.take_batch()->data() == "ab");
    CHECK(state.offset().text() == "5");
    const auto last = state.take_batch();
    CHECK(last->data() == "c");
    CHECK(last->up_to_date);
    CHECK(last->cursor == "c1");
    CHECK_FALSE(state.take_batch());
}

TEST_CASE("the query after an answer is known before the answer is taken, when more of what is there follows") {
    const ReadState state(Offset("3"), Live::automatic, 1000);

    CHECK(state.query_after(head("5", "application/json")) == "offset=5");
    CHECK_FALSE(state.query_after(head("5", "application/json", up_to_date)));
    CHECK_FALSE(state.query_after(head("5", "application/json", {{"stream-closed", "true"}})));
    CHECK_FALSE(state.query_after(head("3", "application/json")));
    CHECK_FALSE(state.query_after(head("no offset", "application/json")));
    CHECK_FALSE(following().query_after(head("7", "application/json")));
}

TEST_CASE("an empty stream's only batch says that it is up to date") {
    ReadState state(Offset(), Live::off, 1000);

    REQUIRE(state.take_answer(head("0", "application/json", up_to_date), "[]"));

    const auto batch = state.take_batch();
    REQUIRE(batch);
    CHECK(batch->empty());
    CHECK(batch->up_to_date);
    CHECK(state.is_done());
}

TEST_CASE("long-poll goes on from answer to answer, with the cursor, and says nothing when there is nothing new") {
    ReadState state(Offset(), Live::automatic, 1000);
    REQUIRE(state.take_answer(head("2", "text/plain", up_to_date), "ab"));
    REQUIRE(state.take_batch());
    CHECK(state.query() == "offset=2&live=long-poll&cursor=c1");

    ResponseHead nothing{.status = 204, .headers = {{"stream-next-offset", "2"}, {"stream-up-to-date", "true"}}};
    REQUIRE(state.take_answer(nothing, ""));
    CHECK_FALSE(state.take_batch());

    nothing.headers.emplace_back("stream-closed", "true");
    REQUIRE(state.take_answer(nothing, ""));
    const auto last = state.take_batch();
    REQUIRE(last);
    CHECK(last->closed);
    CHECK(last->empty());
    CHECK(state.is_done());
}

TEST_CASE("what an event brings counts when its control event has come") {
    auto state = following();
    CHECK(state.query() == "offset=5&live=sse&cursor=c1");

    REQUIRE(state.take_events("event: data\ndata: [2,\ndata: 3]\n\n"));
    CHECK_FALSE(state.take_batch());
    REQUIRE(state.take_events(
        "event: control\ndata: {\"streamNextOffset\":\"7\",\"streamCursor\":\"c2\",\"upToDate\":true}\n\n"));

    const auto batch = state.take_batch();
    REQUIRE(batch);
    CHECK(batch->items().size() == 2);
    CHECK(batch->offset.text() == "7");
    CHECK(state.query() == "offset=7&live=sse&cursor=c2");
}

TEST_CASE("an event whose control event was cut off is forgotten, since it comes again") {
    auto state = following();
    REQUIRE(state.take_events("event: data\ndata: [2]\n\n"));

    (void)state.end_events(5s);
    REQUIRE(state.begin_events(events));
    REQUIRE(state.take_events("event: data\ndata: [2]\n\nevent: control\ndata: {\"streamNextOffset\":\"6\"}\n\n"));

    CHECK(state.take_batch()->data() == "[2]");
    CHECK_FALSE(state.take_batch());
}

TEST_CASE("a closed stream ends the session, and what would follow is not read") {
    auto state = following();

    REQUIRE(state.take_events(
        "event: control\ndata: {\"streamNextOffset\":\"5\",\"streamClosed\":true}\n\nevent: control\ndata: x\n\n"));

    CHECK(state.is_done());
    CHECK(state.take_batch()->closed);
}

TEST_CASE("events of unknown kinds are skipped, and malformed ones are errors") {
    for (const char* text : {"event: control\ndata: {\n\n", "event: control\ndata:\n\n", "event: control\ndata: {}\n\n",
                             "event: control\ndata: {\"streamNextOffset\":\"a b\"}\n\n", "event: data\ndata: {}\n\n"}) {
        CAPTURE(text);
        auto state = following();
        REQUIRE(state.take_events("event: future\ndata: x\n\n"));
        const auto taken = state.take_events(text);
        REQUIRE_FALSE(taken);
        CHECK(taken.error().code == ErrorCode::malformed_response);
        CHECK_FALSE(state.take_batch());
    }
}

TEST_CASE("binary events are base64") {
    ReadState state(Offset(), Live::sse, 1000);
    REQUIRE(state.take_answer(head("1", "application/octet-stream", up_to_date), "x"));
    REQUIRE(state.take_batch());
    auto encoded = events;
    encoded.headers.emplace_back("stream-sse-data-encoding", "base64");
    REQUIRE(state.begin_events(encoded));

    REQUIRE(state.take_events(
        "event: data\ndata: AQID\ndata: BA==\n\nevent: control\ndata: {\"streamNextOffset\":\"5\"}\n\n"));

    CHECK(state.take_batch()->data() == "\x01\x02\x03\x04");
}

TEST_CASE("connections that keep ending early make the session use long-poll") {
    auto state = following();

    CHECK(state.end_events(100ms) > 0ms);
    CHECK(state.end_events(100ms) > 0ms);
    CHECK(state.wants_events());
    CHECK(state.end_events(100ms) > 0ms);

    CHECK_FALSE(state.wants_events());
    CHECK(state.query() == "offset=5&live=long-poll&cursor=c1");
}

TEST_CASE("a connection that lasted makes up for those that ended early") {
    auto state = following();
    (void)state.end_events(100ms);
    (void)state.end_events(100ms);

    CHECK(state.end_events(60s) == 0ms);
    (void)state.end_events(100ms);

    CHECK(state.wants_events());
}

TEST_CASE("an answer that is not what the protocol says changes nothing") {
    ReadState state(Offset("3"), Live::off, 1000);

    CHECK_FALSE(state.take_answer({.status = 200, .headers = {{"content-type", "text/plain"}}}, "x"));
    CHECK_FALSE(state.take_answer(head("4", "application/json"), "[1"));
    CHECK_FALSE(state.take_answer(head("3", "text/plain"), ""));

    CHECK_FALSE(state.take_batch());
    CHECK(state.query() == "offset=3");
    CHECK_FALSE(state.begin_events(head("4", "text/html")));
}

TEST_CASE("what comes again is not handed out again") {
    SUBCASE("an answer that ends where it begins") {
        ReadState state(Offset("3"), Live::off, 1000);
        CHECK_FALSE(state.take_answer(head("3", "text/plain"), "ab"));
        CHECK_FALSE(state.take_batch());
        CHECK(state.query() == "offset=3");
    }
    SUBCASE("the beginning, which ends at the beginning") {
        ReadState state(Offset(), Live::off, 1000);
        CHECK_FALSE(state.take_answer(head("-1", "text/plain"), "ab"));
    }
    SUBCASE("an answer of a server that has fallen back") {
        ReadState state(Offset("30"), Live::long_poll, 1000);
        CHECK_FALSE(state.take_answer(head("29", "text/plain", up_to_date), ""));
        CHECK(state.query() == "offset=30");
    }
    SUBCASE("an event that comes twice") {
        auto state = following();
        const std::string event = "event: data\ndata: [2]\n\nevent: control\ndata: {\"streamNextOffset\":\"7\"}\n\n";
        CHECK_FALSE(state.take_events(event + event));
        CHECK(state.take_batch()->data() == "[2]");
        CHECK_FALSE(state.take_batch());
        CHECK(state.query().starts_with("offset=7&"));
    }
}

TEST_CASE("offsets that grow longer are no step back") {
    ReadState state(Offset("9"), Live::off, 1000);

    CHECK(state.take_answer(head("10", "text/plain"), "ab"));
}

TEST_CASE("data events before one control event are one batch") {
    auto state = following();

    REQUIRE(state.take_events("event: data\ndata: [2]\n\nevent: data\ndata: []\n\nevent: data\ndata: [3]\n\n"));
    REQUIRE(state.take_events("event: control\ndata: {\"streamNextOffset\":\"7\"}\n\n"));

    CHECK(state.take_batch()->data() == "[2,3]");
    CHECK_FALSE(state.take_batch());
}

TEST_CASE("from now on there is nothing to catch up with") {
    CHECK(ReadState(Offset::now(), Live::long_poll, 1000).query() == "offset=now&live=long-poll");
    CHECK(ReadState(Offset::now(), Live::sse, 1000).query() == "offset=now");
    CHECK(ReadState(Offset::now(), Live::automatic, 1000).query() == "offset=now");
    CHECK(ReadState(Offset::now(), Live::off, 1000).query() == "offset=now");
}
