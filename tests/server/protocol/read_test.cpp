#include "protocol/operations.hpp"

#include "server/protocol/surface.hpp"

using namespace foldback;
using namespace foldback::server;

TEST_SUITE("catch-up read") {
    TEST_CASE("a read from the start, without offset or from -1, has all data and says so") {
        Surface surface;
        const auto tail =
            header(surface.put("/v1/stream/s", "application/json", R"([{"n":1},{"n":2}])"), "stream-next-offset");

        for (const auto* target :
             {"/v1/stream/s", "/v1/stream/s?offset=-1", "/v1/stream/s?offset=0000000000000000_0000000000000000"}) {
            const auto response = surface.get(target);
            CHECK(response.status == 200);
            CHECK(body(response) == R"([{"n":1},{"n":2}])");
            CHECK(header(response, "content-type") == "application/json");
            CHECK(header(response, "stream-next-offset") == tail);
            CHECK(header(response, "stream-up-to-date") == "true");
            CHECK_FALSE(has_header(response, "stream-closed"));
        }
    }

    TEST_CASE("a read from an offset has what follows it") {
        Surface surface;
        const auto middle = header(surface.put("/v1/stream/s", "text/plain", "one"), "stream-next-offset");
        const auto tail = header(surface.post("/v1/stream/s", "text/plain", "two"), "stream-next-offset");

        CHECK(body(surface.get("/v1/stream/s?offset=" + middle)) == "two");
        const auto at_tail = surface.get("/v1/stream/s?offset=" + tail);
        CHECK(at_tail.status == 200);
        CHECK(body(at_tail).empty());
        CHECK(header(at_tail, "stream-next-offset") == tail);
        CHECK(header(at_tail, "stream-up-to-date") == "true");
    }

    TEST_CASE("a large stream comes in pages that together are the whole") {
        Surface surface({.max_response_bytes = 1000});
        surface.put("/v1/stream/s", "application/json");
        std::string all;
        for (int i = 0; i != 50; ++i) {
            const auto message = '"' + std::string(static_cast<std::size_t>(90 + i % 7), 'x') + '"';
            surface.post("/v1/stream/s", "application/json", message);
            all += (all.empty() ? "" : ",") + message;
        }

        std::string read;
        std::string offset = "-1";
        int pages = 0;
        for (bool up_to_date = false; !up_to_date; ++pages) {
            const auto response = surface.get("/v1/stream/s?offset=" + offset);
            REQUIRE(response.status == 200);
            const auto text = body(response);
            REQUIRE(text.size() > 2);
            CHECK(text.size() <= 1030);
            read += (read.empty() ? "" : ",") + text.substr(1, text.size() - 2);
            up_to_date = has_header(response, "stream-up-to-date");
            CHECK(header(response, "stream-next-offset") > offset);
            offset = header(response, "stream-next-offset");
        }

        CHECK(pages > 4);
        CHECK(read == all);
    }

    TEST_CASE("large messages are handed out without a copy and arrive whole") {
        Surface surface;
        const auto big = '"' + std::string(100'000, 'x') + '"';
        surface.put("/v1/stream/j", "application/json", "[" + big + "," + big + "]");
        surface.post("/v1/stream/j", "application/json", big);
        surface.put("/v1/stream/t", "text/plain", std::string(200'000, 'y'));

        const auto json = surface.get("/v1/stream/j");
        CHECK_FALSE(json.pieces.empty());
        CHECK(body(json) == "[" + big + "," + big + "," + big + "]");
        CHECK(body(surface.get("/v1/stream/t")) == std::string(200'000, 'y'));
    }

    TEST_CASE("the end of a closed stream is told at its end only") {
        Surface surface({.max_response_bytes = 10});
        surface.put("/v1/stream/s", "text/plain", "0123456789");
        surface.post("/v1/stream/s", "text/plain", "rest");
        surface.close("/v1/stream/s");

        const auto first = surface.get("/v1/stream/s");
        CHECK_FALSE(has_header(first, "stream-closed"));
        CHECK_FALSE(has_header(first, "stream-up-to-date"));
        const auto last = surface.get("/v1/stream/s?offset=" + header(first, "stream-next-offset"));
        CHECK(body(last) == "rest");
        CHECK(header(last, "stream-closed") == "true");
        const auto after = surface.get("/v1/stream/s?offset=" + header(last, "stream-next-offset"));
        CHECK(after.status == 200);
        CHECK(body(after).empty());
        CHECK(header(after, "stream-closed") == "true");
    }

    TEST_CASE("a read from now has no data, no tag and is not cached") {
        Surface surface;
        const auto tail = header(surface.put("/v1/stream/j", "application/json", "[1]"), "stream-next-offset");
        surface.put("/v1/stream/t", "text/plain", "x");

        const auto json = surface.get("/v1/stream/j?offset=now");
        CHECK(json.status == 200);
        CHECK(body(json) == "[]");
        CHECK(header(json, "stream-next-offset") == tail);
        CHECK(header(json, "stream-up-to-date") == "true");
        CHECK(header(json, "cache-control") == "no-store");
        CHECK_FALSE(has_header(json, "etag"));
        CHECK(body(surface.get("/v1/stream/t?offset=now")).empty());
        surface.close("/v1/stream/t");
        CHECK(header(surface.get("/v1/stream/t?offset=now"), "stream-closed") == "true");
    }

    TEST_CASE("a repeated read with the entity tag is 304 until something changes") {
        Surface surface;
        surface.put("/v1/stream/s", "text/plain", "x");
        const auto tag = header(surface.get("/v1/stream/s"), "etag");
        const auto again = [&](const std::string& tags) {
            return surface.get("/v1/stream/s", {{"if-none-match", tags}});
        };

        const auto same = again(tag);
        CHECK(same.status == 304);
        CHECK(body(same).empty());
        CHECK(header(same, "etag") == tag);
        CHECK(again("\"other\", W/" + tag).status == 304);
        CHECK(again("*").status == 304);
        CHECK(again("\"other\"").status == 200);
        surface.close("/v1/stream/s");
        const auto closed = again(tag);
        CHECK(closed.status == 200);
        CHECK(header(closed, "stream-closed") == "true");
        CHECK(header(closed, "etag") != tag);
    }

    TEST_CASE("a tag of a deleted namesake does not match") {
        Surface surface;
        surface.put("/v1/stream/s", "text/plain", "x");
        const auto tag = header(surface.get("/v1/stream/s"), "etag");
        surface.call(Method::remove, "/v1/stream/s");
        surface.put("/v1/stream/s", "text/plain", "y");

        CHECK(surface.get("/v1/stream/s", {{"if-none-match", tag}}).status == 200);
    }

    TEST_CASE("history may be cached, the tail must be revalidated, credentials keep shared caches out") {
        Surface surface({.max_response_bytes = 10});
        surface.put("/v1/stream/s", "text/plain", "0123456789");
        const auto middle = header(surface.get("/v1/stream/s"), "stream-next-offset");
        surface.post("/v1/stream/s", "text/plain", "rest");

        CHECK(header(surface.get("/v1/stream/s"), "cache-control") == "public, max-age=60, stale-while-revalidate=300");
        CHECK(header(surface.get("/v1/stream/s", {{"authorization", "Bearer x"}}), "cache-control") ==
              "private, max-age=60, stale-while-revalidate=300");
        CHECK(header(surface.get("/v1/stream/s?offset=" + middle), "cache-control") == "no-cache");
        surface.close("/v1/stream/s");
        CHECK(header(surface.get("/v1/stream/s?offset=" + middle), "cache-control") ==
              "public, max-age=60, stale-while-revalidate=300");
    }

    TEST_CASE("nothing is cached for longer than its stream lives") {
        Surface surface;
        surface.put("/v1/stream/ttl", "text/plain", "x", {{"stream-closed", "true"}, {"stream-ttl", "20"}});
        surface.put("/v1/stream/at", "text/plain", "x",
                    {{"stream-closed", "true"}, {"stream-expires-at", "2023-11-14T22:13:50.9Z"}});

        CHECK(header(surface.get("/v1/stream/ttl"), "cache-control") == "public, max-age=20");
        CHECK(header(surface.get("/v1/stream/at"), "cache-control") == "public, max-age=30");
    }

    TEST_CASE("an offset of a deleted namesake, or beyond the tail, is 400") {
        Surface surface;
        const auto old = header(surface.put("/v1/stream/s", "text/plain", "x"), "stream-next-offset");
        surface.call(Method::remove, "/v1/stream/s");
        const auto tail = header(surface.put("/v1/stream/s", "text/plain", "xyz"), "stream-next-offset");

        CHECK(surface.get("/v1/stream/s?offset=" + old).status == 400);
        CHECK(surface.get("/v1/stream/s?offset=" + tail.substr(0, 17) + "0000000000000004").status == 400);
        CHECK(surface.get("/v1/stream/s?offset=" + tail).status == 200);
    }

    TEST_CASE("truncated data is 410") {
        Surface surface;
        const auto start = header(surface.put("/v1/stream/s", "application/json"), "stream-next-offset");
        surface.post("/v1/stream/s", "application/json", "[1,2,3]");
        REQUIRE(surface.store->truncate_before("s", Offset{2}).has_value());

        CHECK(surface.get("/v1/stream/s?offset=" + start).status == 410);
        CHECK(body(surface.get("/v1/stream/s")) == "[3]");
    }

    TEST_CASE("a json stream can be read backward, newest first") {
        Surface surface;
        surface.put("/v1/stream/s", "application/json", "[1,2,3]");
        surface.post("/v1/stream/s", "application/json", "[4,5]");

        const auto newest = surface.get("/v1/stream/s?direction=backward&limit=2");
        CHECK(body(newest) == "[5,4]");
        CHECK_FALSE(has_header(newest, "stream-up-to-date"));
        const auto rest = surface.get("/v1/stream/s?direction=backward&offset=" + header(newest, "stream-next-offset"));
        CHECK(body(rest) == "[3,2,1]");
        CHECK(header(rest, "stream-up-to-date") == "true");
        CHECK(body(surface.get("/v1/stream/s?direction=backward&offset=now")) == "[5,4,3,2,1]");
        CHECK(body(surface.get("/v1/stream/s?direction=backward&offset=-1")) == "[]");
        CHECK(header(newest, "etag") != header(surface.get("/v1/stream/s?limit=2"), "etag"));
    }

    TEST_CASE("a limit counts the messages of a json stream") {
        Surface surface;
        surface.put("/v1/stream/s", "application/json", "[1,2,3]");
        surface.put("/v1/stream/t", "text/plain", "x");

        const auto first = surface.get("/v1/stream/s?limit=2");
        CHECK(body(first) == "[1,2]");
        CHECK(body(surface.get("/v1/stream/s?limit=2&offset=" + header(first, "stream-next-offset"))) == "[3]");
        CHECK(surface.get("/v1/stream/t?limit=2").status == 400);
        CHECK(surface.get("/v1/stream/t?direction=backward").status == 400);
    }

    TEST_CASE("content that is not json is not for a browser to show") {
        Surface surface;
        surface.put("/v1/stream/s", "text/html", "<script>alert(1)</script>");
        surface.put("/v1/stream/j", "application/json", "[]");

        const auto response = surface.get("/v1/stream/s");
        CHECK(header(response, "content-disposition") == "attachment");
        CHECK(header(response, "content-security-policy") == "sandbox");
        CHECK(header(response, "x-content-type-options") == "nosniff");
        CHECK_FALSE(has_header(surface.get("/v1/stream/j"), "content-disposition"));
    }

    TEST_CASE("a body is compressed for who asks, and its tag still works") {
        Surface surface;
        surface.put("/v1/stream/s", "application/json", "[\"" + std::string(5000, 'x') + "\"]");

        const auto packed = surface.get("/v1/stream/s", {{"accept-encoding", "gzip, deflate"}});
        CHECK(header(packed, "content-encoding") == "gzip");
        CHECK(header(packed, "vary") == "Accept-Encoding");
        CHECK(body(packed).size() < 200);
        CHECK(surface.get("/v1/stream/s", {{"if-none-match", header(packed, "etag")}}).status == 304);
        const auto plain = surface.get("/v1/stream/s");
        CHECK_FALSE(has_header(plain, "content-encoding"));
        CHECK(header(plain, "vary") == "Accept-Encoding");
    }

}  // TEST_SUITE
