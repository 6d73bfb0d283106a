#include "protocol/live_source.hpp"

#include <nlohmann/json.hpp>

#include "server/protocol/sse_parser.hpp"
#include "server/protocol/surface.hpp"

using namespace foldback;
using namespace foldback::server;

namespace {

std::vector<SseEvent> next_events(EventStream& stream) { return parse_sse(stream.next().bytes); }

nlohmann::json control_of(const std::vector<SseEvent>& events) {
    REQUIRE_FALSE(events.empty());
    REQUIRE(events.back().type == "control");
    return nlohmann::json::parse(events.back().data);
}

}  // namespace

TEST_SUITE("sse") {
    TEST_CASE("a session has the headers of an event stream") {
        Surface surface;
        surface.put("/v1/stream/s", "text/plain", "x");
        surface.put("/v1/stream/b", "image/png", "x");

        const auto head = surface.event_stream("/v1/stream/s?offset=-1&live=sse")->head();
        CHECK(head.status == 200);
        CHECK(header(head, "content-type") == "text/event-stream");
        CHECK(header(head, "cache-control") == "no-cache");
        CHECK(header(head, "x-content-type-options") == "nosniff");
        CHECK(header(head, "cross-origin-resource-policy") == "same-origin");
        CHECK_FALSE(has_header(head, "stream-sse-data-encoding"));
        CHECK(body(head).empty());
        CHECK(header(surface.event_stream("/v1/stream/b?offset=-1&live=sse")->head(), "stream-sse-data-encoding") ==
              "base64");
    }

    TEST_CASE("the first step has the data there is and one control event") {
        Surface surface;
        const auto tail =
            header(surface.put("/v1/stream/s", "application/json", R"([{"n":1},{"n":2}])"), "stream-next-offset");
        const auto stream = surface.event_stream("/v1/stream/s?offset=-1&live=sse");

        const auto events = next_events(*stream);

        REQUIRE(events.size() == 2);
        CHECK(events[0].type == "data");
        CHECK(events[0].data == R"([{"n":1},{"n":2}])");
        const auto control = control_of(events);
        CHECK(control.at("streamNextOffset") == tail);
        CHECK(control.at("upToDate") == true);
        CHECK(control.at("streamCursor").is_string());
        CHECK_FALSE(control.contains("streamClosed"));
        CHECK(stream->next().bytes.empty());
    }

    TEST_CASE("an empty stream, and now, begin with a control event alone") {
        Surface surface;
        const auto tail = header(surface.put("/v1/stream/s", "application/json", "[1]"), "stream-next-offset");
        surface.put("/v1/stream/e", "text/plain");

        const auto now = next_events(*surface.event_stream("/v1/stream/s?offset=now&live=sse"));
        REQUIRE(now.size() == 1);
        CHECK(control_of(now).at("streamNextOffset") == tail);
        CHECK(control_of(now).at("upToDate") == true);
        CHECK(next_events(*surface.event_stream("/v1/stream/e?offset=-1&live=sse")).size() == 1);
    }

    TEST_CASE("new data wakes the session, and the close ends it") {
        Surface surface;
        surface.put("/v1/stream/s", "text/plain", "x");
        const auto stream = surface.event_stream("/v1/stream/s?offset=now&live=sse");
        static_cast<void>(stream->next());
        int calls = 0;
        auto watch = stream->watch([&] { ++calls; });

        surface.post("/v1/stream/s", "text/plain", "new");
        CHECK(calls == 1);
        CHECK(next_events(*stream).front().data == "new");
        watch = stream->watch([&] { ++calls; });
        const auto tail = header(surface.post("/v1/stream/s", "text/plain", "last", {{"stream-closed", "true"}}),
                                 "stream-next-offset");

        CHECK(calls == 2);
        const auto step = stream->next();
        CHECK(step.finished);
        const auto events = parse_sse(step.bytes);
        CHECK(events.front().data == "last");
        const auto control = control_of(events);
        CHECK(control.at("streamNextOffset") == tail);
        CHECK(control.at("streamClosed") == true);
        CHECK_FALSE(control.contains("streamCursor"));
        CHECK(stream->next().finished);
    }

    TEST_CASE("a session at the end of a closed stream is one control event") {
        Surface surface;
        surface.put("/v1/stream/s", "text/plain", "x", {{"stream-closed", "true"}});

        const auto step = surface.event_stream("/v1/stream/s?offset=now&live=sse")->next();

        CHECK(step.finished);
        const auto control = control_of(parse_sse(step.bytes));
        CHECK(control.at("streamClosed") == true);
        CHECK(control.at("upToDate") == true);
    }

    TEST_CASE("a session ends when its stream is deleted") {
        Surface surface;
        surface.put("/v1/stream/s", "text/plain", "x");
        const auto stream = surface.event_stream("/v1/stream/s?offset=-1&live=sse");
        static_cast<void>(stream->next());

        surface.call(Method::remove, "/v1/stream/s");
        surface.put("/v1/stream/s", "text/plain", "longer than before");

        const auto step = stream->next();
        CHECK(step.finished);
        CHECK(step.bytes.empty());
    }

    TEST_CASE("a long history comes in bounded steps, each with its control event") {
        Surface surface;
        surface.put("/v1/stream/s", "application/json");
        const auto message = '"' + std::string(50'000, 'x') + '"';
        for (int i = 0; i != 20; ++i) surface.post("/v1/stream/s", "application/json", message);
        const auto stream = surface.event_stream("/v1/stream/s?offset=-1&live=sse");

        std::size_t messages = 0;
        int steps = 0;
        std::string offset;
        for (bool up_to_date = false; !up_to_date; ++steps) {
            const auto step = stream->next();
            CHECK(step.bytes.size() < 300'000);
            const auto events = parse_sse(step.bytes);
            REQUIRE(events.size() == 2);
            messages += nlohmann::json::parse(events[0].data).size();
            const auto control = control_of(events);
            CHECK(control.at("streamNextOffset").get<std::string>() > offset);
            offset = control.at("streamNextOffset");
            up_to_date = control.contains("upToDate");
        }

        CHECK(messages == 20);
        CHECK(steps > 2);
    }

    TEST_CASE("binary data is base64, control events are not") {
        Surface surface;
        surface.put("/v1/stream/s", "application/octet-stream", std::string("\0\n\r\xff", 4));
        surface.post("/v1/stream/s", "application/octet-stream", "ab");

        const auto events = next_events(*surface.event_stream("/v1/stream/s?offset=-1&live=sse"));

        REQUIRE(events.size() == 2);
        CHECK(events[0].data == "AAoN/2Fi");
        CHECK(control_of(events).contains("streamNextOffset"));
    }

    TEST_CASE("text cannot forge events") {
        Surface surface;
        surface.put("/v1/stream/s", "text/plain", "a\r\revent: control\rdata: {\"injected\":true}\r\r\n\nb");

        const auto events = next_events(*surface.event_stream("/v1/stream/s?offset=-1&live=sse"));

        REQUIRE(events.size() == 2);
        CHECK(events[0].data == "a\n\nevent: control\ndata: {\"injected\":true}\n\n\nb");
        CHECK_FALSE(control_of(events).contains("injected"));
    }

    TEST_CASE("a line end that is cut between two appends is one line end") {
        Surface surface;
        surface.put("/v1/stream/s", "text/plain", "a\r");
        const auto stream = surface.event_stream("/v1/stream/s?offset=-1&live=sse");

        const auto first = next_events(*stream);
        CHECK(control_of(first).at("upToDate") == true);
        surface.post("/v1/stream/s", "text/plain", "\nb");
        const auto resumed = surface.event_stream("/v1/stream/s?live=sse&offset=" +
                                                  control_of(first).at("streamNextOffset").get<std::string>());

        CHECK(first.front().data + next_events(*stream).front().data == "a\nb");
        CHECK(first.front().data + next_events(*resumed).front().data == "a\nb");
    }

    TEST_CASE("a CR at the end of a closed stream is a line end") {
        Surface surface;
        surface.put("/v1/stream/s", "text/plain", "a\r");
        const auto stream = surface.event_stream("/v1/stream/s?offset=-1&live=sse");
        auto text = next_events(*stream).front().data;

        surface.post("/v1/stream/s", "text/plain", "", {{"stream-closed", "true"}});
        const auto last = next_events(*stream);
        text += last.front().data;

        CHECK(text == "a\n");
        CHECK(control_of(last).at("streamNextOffset").get<std::string>().ends_with("_0000000000000002"));
    }

    TEST_CASE("a character that is cut between two appends arrives whole") {
        Surface surface;
        surface.put("/v1/stream/s", "text/plain", "caf\xC3");
        const auto stream = surface.event_stream("/v1/stream/s?offset=-1&live=sse");

        const auto first = next_events(*stream);
        CHECK(first.front().data == "caf");
        const auto control = control_of(first);
        CHECK(control.at("streamNextOffset").get<std::string>().ends_with("_0000000000000003"));
        CHECK(control.at("upToDate") == true);
        CHECK(stream->next().bytes.empty());
        int calls = 0;
        const auto watch = stream->watch([&] { ++calls; });
        CHECK(calls == 0);
        surface.post("/v1/stream/s", "text/plain", "\xA9!");

        CHECK(calls == 1);
        CHECK(next_events(*stream).front().data == "\xC3\xA9!");
        const auto resumed =
            surface.event_stream("/v1/stream/s?live=sse&offset=" + control.at("streamNextOffset").get<std::string>());
        CHECK(next_events(*resumed).front().data == "\xC3\xA9!");
    }

    TEST_CASE("a character that is written byte by byte arrives whole, and a broken one at the end arrives at all") {
        Surface surface;
        surface.put("/v1/stream/s", "text/plain");
        const auto stream = surface.event_stream("/v1/stream/s?offset=-1&live=sse");
        static_cast<void>(stream->next());
        for (const auto* byte : {"\xF0", "\x9F", "\x98"}) {
            surface.post("/v1/stream/s", "text/plain", byte);
            CHECK(stream->next().bytes.empty());
        }

        surface.post("/v1/stream/s", "text/plain", "\x80");
        CHECK(next_events(*stream).front().data == "\xF0\x9F\x98\x80");
        surface.post("/v1/stream/s", "text/plain", "\xC3", {{"stream-closed", "true"}});

        const auto last = stream->next();
        CHECK(last.finished);
        CHECK(parse_sse(last.bytes).front().data == "\xC3");
    }

    TEST_CASE("text is base64 for a reader who wants its exact bytes") {
        Surface surface;
        surface.put("/v1/stream/s", "text/plain", "a\r\nb");
        const auto stream = surface.event_stream("/v1/stream/s?offset=-1&live=sse&encoding=base64");

        CHECK(header(stream->head(), "stream-sse-data-encoding") == "base64");
        CHECK(next_events(*stream).front().data == "YQ0KYg==");
    }

    TEST_CASE("json that is written over several lines stays json") {
        Surface surface;
        surface.put("/v1/stream/s", "application/json", "[{\r\n  \"a\":\r 1,\n \"b\": \"x\\r\\ny\"\n}]");

        const auto events = next_events(*surface.event_stream("/v1/stream/s?offset=-1&live=sse"));

        REQUIRE(events.size() == 2);
        CHECK(events[0].data == "[{\n  \"a\":\n 1,\n \"b\": \"x\\r\\ny\"\n}]");
    }

    TEST_CASE("a session's cursor is greater than its reader's") {
        Surface surface;
        surface.put("/v1/stream/s", "text/plain", "x");
        const auto cursor = control_of(next_events(*surface.event_stream("/v1/stream/s?offset=-1&live=sse")))
                                .at("streamCursor")
                                .get<std::string>();

        const auto stream = surface.event_stream("/v1/stream/s?offset=-1&live=sse&cursor=" + cursor);
        const auto next = control_of(next_events(*stream)).at("streamCursor").get<std::string>();
        surface.post("/v1/stream/s", "text/plain", "y");
        const auto later = control_of(next_events(*stream)).at("streamCursor").get<std::string>();

        CHECK(std::stoull(next) > std::stoull(cursor));
        CHECK(std::stoull(later) >= std::stoull(next));
    }

    TEST_CASE("bad requests and missing streams are refused before a session begins") {
        Surface surface({.max_waiters_per_stream = 1});
        surface.put("/v1/stream/s", "text/plain", "x");

        CHECK(surface.get("/v1/stream/s?live=sse").status == 400);
        CHECK(surface.get("/v1/stream/s?offset=-1&live=sse&encoding=gzip").status == 400);
        CHECK(surface.get("/v1/stream/none?offset=-1&live=sse").status == 404);
        const auto stream = surface.event_stream("/v1/stream/s?offset=-1&live=sse");
        CHECK(surface.get("/v1/stream/s?offset=-1&live=sse").status == 429);
        CHECK(stream->lifetime() == std::chrono::seconds(60));
    }

    TEST_CASE("a stream with a sliding expiry lives as long as its events are followed") {
        Surface surface;
        surface.put("/v1/stream/s", "text/plain", "", {{"stream-ttl", "1"}});
        auto events = surface.event_stream("/v1/stream/s?offset=now&live=sse");
        static_cast<void>(events->next());

        surface.clock.advance(std::chrono::seconds(60));
        surface.store->run_until_idle();
        surface.post("/v1/stream/s", "text/plain", "late");

        CHECK(events->next().bytes.find("data:late") != std::string::npos);
        events.reset();
        surface.clock.advance(std::chrono::seconds(1));
        CHECK(surface.call(Method::head, "/v1/stream/s").status == 404);
    }

}  // TEST_SUITE
