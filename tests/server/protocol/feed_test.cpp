#include "protocol/live_source.hpp"

#include <nlohmann/json.hpp>

#include "server/protocol/sse_parser.hpp"
#include "server/protocol/surface.hpp"

using namespace foldback;
using namespace foldback::server;

namespace {

nlohmann::json json_of(const Response& response) {
    REQUIRE(response.status == 200);
    return nlohmann::json::parse(body(response));
}

/// Three streams with messages in turn.
void fill(Surface& surface) {
    surface.put("/v1/stream/orders/1", "application/json", R"([{"n":1}])");
    surface.put("/v1/stream/carts/1", "text/plain", "hi");
    surface.post("/v1/stream/orders/1", "application/json", R"([{"n" : 2.0},"three"])");
    surface.put("/v1/stream/orders/2", "application/json", "[4]");
}

}  // namespace

TEST_SUITE("feed") {
    TEST_CASE("a feed has the messages of all streams in the order of their commits") {
        Surface surface;
        fill(surface);

        const auto response = surface.get("/v1/feed");
        const auto messages = json_of(response);

        REQUIRE(messages.size() == 5);
        CHECK(messages[0].at("stream") == "orders/1");
        CHECK(messages[0].at("data") == nlohmann::json{{"n", 1}});
        CHECK(messages[0].at("timestamp") == 1'700'000'000'000);
        CHECK(messages[1].at("stream") == "carts/1");
        CHECK(messages[1].at("base64") == "aGk=");
        CHECK(messages[3].at("data") == "three");
        CHECK(messages[3].at("offset").get<std::string>().ends_with("_0000000000000002"));
        CHECK(messages[4].at("position") == "00000000000000000004");
        CHECK(body(response).find(R"("data":{"n" : 2.0})") != std::string::npos);
        CHECK(header(response, "stream-next-offset") == "00000000000000000005");
        CHECK(header(response, "stream-up-to-date") == "true");
        CHECK(header(response, "content-type") == "application/json");
        CHECK(header(response, "cache-control") == "no-store");
    }

    TEST_CASE("a feed goes on from a position, by either name of the parameter") {
        Surface surface;
        fill(surface);

        CHECK(json_of(surface.get("/v1/feed?position=00000000000000000003")).size() == 2);
        CHECK(json_of(surface.get("/v1/feed?offset=00000000000000000003")).size() == 2);
        CHECK(json_of(surface.get("/v1/feed?offset=-1")).size() == 5);
        const auto now = surface.get("/v1/feed?offset=now");
        CHECK(body(now) == "[]");
        CHECK(header(now, "stream-next-offset") == "00000000000000000005");
        CHECK(header(now, "stream-up-to-date") == "true");
    }

    TEST_CASE("a feed can be narrowed to the streams below a prefix") {
        Surface surface;
        fill(surface);

        const auto response = surface.get("/v1/feed?prefix=orders%2F");

        const auto messages = json_of(response);
        CHECK(messages.size() == 4);
        CHECK(header(response, "stream-next-offset") == "00000000000000000005");
        CHECK(json_of(surface.get("/v1/feed?prefix=nobody")).empty());
    }

    TEST_CASE("a feed comes in pages") {
        Surface surface;
        fill(surface);

        const auto first = surface.get("/v1/feed?prefix=orders/&limit=3");
        CHECK(json_of(first).size() == 3);
        CHECK_FALSE(has_header(first, "stream-up-to-date"));
        const auto last =
            surface.get("/v1/feed?prefix=orders/&limit=3&position=" + header(first, "stream-next-offset"));
        CHECK(json_of(last).size() == 1);
        CHECK(header(last, "stream-up-to-date") == "true");
    }

    TEST_CASE("a feed can be followed by long-poll") {
        Surface surface;
        fill(surface);
        CHECK(json_of(surface.get("/v1/feed?position=-1&live=long-poll")).size() == 5);
        const auto waiting = surface.long_poll("/v1/feed?prefix=orders/&position=now&live=long-poll");
        int calls = 0;
        auto watch = waiting->watch([&] { ++calls; });

        surface.post("/v1/stream/carts/1", "text/plain", "other");
        CHECK(calls == 1);
        CHECK_FALSE(waiting->poll().has_value());
        watch = waiting->watch([&] { ++calls; });
        CHECK(calls == 1);
        surface.post("/v1/stream/orders/2", "application/json", "[5]");

        CHECK(calls == 2);
        const auto response = waiting->poll();
        REQUIRE(response.has_value());
        CHECK(json_of(*response).at(0).at("data") == 5);
        CHECK_FALSE(header(*response, "stream-cursor").empty());
        CHECK(header(*response, "stream-next-offset") == "00000000000000000007");
    }

    TEST_CASE("a feed's timeout tells how far it has looked") {
        Surface surface;
        fill(surface);
        const auto waiting = surface.long_poll("/v1/feed?prefix=nobody&position=-1&live=long-poll");

        const auto response = waiting->expire();

        CHECK(response.status == 204);
        CHECK(header(response, "stream-next-offset") == "00000000000000000005");
    }

    TEST_CASE("a feed can be followed by sse") {
        Surface surface;
        fill(surface);
        const auto stream = surface.event_stream("/v1/feed?prefix=orders/&offset=-1&live=sse");

        auto events = parse_sse(stream->next().bytes);
        REQUIRE(events.size() == 2);
        CHECK(nlohmann::json::parse(events[0].data).size() == 4);
        CHECK(nlohmann::json::parse(events[1].data).at("streamNextOffset") == "00000000000000000005");
        CHECK(nlohmann::json::parse(events[1].data).at("upToDate") == true);
        CHECK(stream->next().bytes.empty());
        surface.post("/v1/stream/orders/1", "application/json", "6");
        events = parse_sse(stream->next().bytes);
        CHECK(nlohmann::json::parse(events.at(0).data).at(0).at("data") == 6);
    }

    TEST_CASE("bad positions, prefixes and limits are 400") {
        Surface surface;
        fill(surface);

        for (const auto* query : {"position=5",
                                  "position=00000000000000000006",
                                  "position=99999999999999999999",
                                  "offset=",
                                  "position=0000000000000000_0000000000000000",
                                  "position=-1&offset=-1",
                                  "position=-1&position=-1",
                                  "live=long-poll",
                                  "live=sse",
                                  "position=-1&live=x",
                                  "limit=0",
                                  "limit=10001",
                                  "limit=x",
                                  "limit=01",
                                  "prefix=/a",
                                  "prefix=a//b",
                                  "prefix=a/../b",
                                  "prefix=%00",
                                  "prefix=a%5Cb",
                                  "prefix=%ff",
                                  "prefix=a&prefix=b",
                                  "cursor=abc"}) {
            CAPTURE(query);
            CHECK(surface.get(std::string("/v1/feed?") + query).status == 400);
        }
    }

    TEST_CASE("a feed is for reading") {
        Surface surface;
        fill(surface);

        const auto head = surface.call(Method::head, "/v1/feed");
        CHECK(head.status == 200);
        CHECK(header(head, "stream-next-offset") == "00000000000000000005");
        const auto post = surface.post("/v1/feed", "application/json", "1");
        CHECK(post.status == 405);
        CHECK(header(post, "allow") == "GET, HEAD, OPTIONS");
    }

}  // TEST_SUITE

TEST_SUITE("list") {
    TEST_CASE("the list has what is known of each stream, ordered by path") {
        Surface surface;
        surface.put("/v1/stream/b", "application/json; charset=utf-8", "[1,2]", {{"stream-ttl", "60"}});
        surface.put("/v1/stream/a", "text/plain", "xyz",
                    {{"stream-closed", "true"}, {"stream-expires-at", "2030-01-01T00:00:00Z"}});
        surface.call(Method::put, "/v1/stream/c", {{"stream-forked-from", "/v1/stream/b"}});

        const auto list = json_of(surface.get("/v1/streams"));

        CHECK(list.at("complete") == true);
        const auto& streams = list.at("streams");
        REQUIRE(streams.size() == 3);
        CHECK(streams[0].at("stream") == "a");
        CHECK(streams[0].at("closed") == true);
        CHECK(streams[0].at("next") == 3);
        CHECK(streams[0].at("expires_at") == "2030-01-01T00:00:00.000Z");
        CHECK(streams[0].at("created_at") == "2023-11-14T22:13:20.000Z");
        CHECK(streams[1].at("content_type") == "application/json; charset=utf-8");
        CHECK(streams[1].at("next_offset") == header(surface.call(Method::head, "/v1/stream/b"), "stream-next-offset"));
        CHECK(streams[1].at("ttl_seconds") == 60);
        CHECK(streams[1].at("first") == 0);
        CHECK(streams[2].at("forked_from") == "b");
        CHECK(streams[2].at("fork_offset") == streams[1].at("next_offset"));
    }

    TEST_CASE("the list can be narrowed and comes in pages") {
        Surface surface;
        for (const auto* name : {"x/1", "x/2", "x/3", "y/1"})
            surface.put(std::string("/v1/stream/") + name, "text/plain");

        const auto first = json_of(surface.get("/v1/streams?prefix=x/&limit=2"));
        CHECK(first.at("streams").size() == 2);
        CHECK(first.at("complete") == false);
        const auto rest = json_of(surface.get("/v1/streams?prefix=x/&limit=2&after=x/2"));
        CHECK(rest.at("streams").size() == 1);
        CHECK(rest.at("streams")[0].at("stream") == "x/3");
        CHECK(rest.at("complete") == true);
    }

    TEST_CASE("bad lists are 400, other methods 405") {
        Surface surface;

        for (const auto* query :
             {"limit=0", "limit=1e3", "prefix=//", "after=a/", "after=..", "after=a&after=b", "prefix=%zz"}) {
            CAPTURE(query);
            CHECK(surface.get(std::string("/v1/streams?") + query).status == 400);
        }
        CHECK(surface.call(Method::remove, "/v1/streams").status == 405);
    }

}  // TEST_SUITE
