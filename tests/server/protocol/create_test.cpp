#include "protocol/operations.hpp"

#include "server/protocol/surface.hpp"

using namespace foldback;
using namespace foldback::server;

TEST_SUITE("create") {
    TEST_CASE("a new stream is 201 with its absolute URL, its content type and its tail") {
        Surface surface;

        const auto response =
            surface.put("/v1/stream/a%20b/gr%C3%B6%C3%9Fe", "text/plain", "x", {{"host", "localhost:4437"}});

        CHECK(response.status == 201);
        CHECK(header(response, "location") == "http://localhost:4437/v1/stream/a%20b/gr%C3%B6%C3%9Fe");
        CHECK(header(response, "content-type") == "text/plain");
        CHECK(header(response, "stream-next-offset").ends_with("_0000000000000001"));
    }

    TEST_CASE("the URL of a new stream follows the proxy's scheme and distrusts a strange host") {
        Surface surface;

        const auto secure =
            surface.put("/v1/stream/a", "text/plain", "", {{"host", "h"}, {"x-forwarded-proto", "https"}});
        const auto strange = surface.put("/v1/stream/b", "text/plain", "", {{"host", "evil\"/>"}});

        CHECK(header(secure, "location") == "https://h/v1/stream/a");
        CHECK(header(strange, "location") == "/v1/stream/b");
    }

    TEST_CASE("the URL of a new stream begins as the options say, whatever the request says") {
        Surface surface({.public_url = "https://events.example/api"});

        const auto response =
            surface.put("/v1/stream/a", "text/plain", "", {{"host", "127.0.0.1:4437"}, {"x-forwarded-proto", "http"}});

        CHECK(header(response, "location") == "https://events.example/api/v1/stream/a");
    }

    TEST_CASE("creating again with the same configuration is 200 and changes nothing") {
        Surface surface;
        surface.put("/v1/stream/s", "application/json; charset=utf-8", "[1]", {{"stream-ttl", "60"}});

        const auto again = surface.put("/v1/stream/s", "APPLICATION/JSON", "[2]", {{"stream-ttl", "60"}});

        CHECK(again.status == 200);
        CHECK_FALSE(has_header(again, "location"));
        CHECK(header(again, "content-type") == "application/json; charset=utf-8");
        CHECK(body(surface.get("/v1/stream/s")) == "[1]");
    }

    TEST_CASE("creating again with another configuration is 409") {
        Surface surface;
        surface.put("/v1/stream/s", "text/plain", "", {{"stream-ttl", "60"}});

        CHECK(surface.put("/v1/stream/s", "text/html", "", {{"stream-ttl", "60"}}).status == 409);
        CHECK(surface.put("/v1/stream/s", "text/plain", "", {{"stream-ttl", "61"}}).status == 409);
        CHECK(surface.put("/v1/stream/s", "text/plain").status == 409);
        CHECK(surface.put("/v1/stream/s", "text/plain", "", {{"stream-ttl", "60"}, {"stream-closed", "true"}}).status ==
              409);
        surface.close("/v1/stream/s");
        CHECK(surface.put("/v1/stream/s", "text/plain", "", {{"stream-ttl", "60"}}).status == 409);
        CHECK(surface.put("/v1/stream/s", "text/plain", "", {{"stream-ttl", "60"}, {"stream-closed", "true"}}).status ==
              200);
    }

    TEST_CASE("a stream without content type holds bytes") {
        Surface surface;

        const auto response = surface.call(Method::put, "/v1/stream/s", {}, "[1]");

        CHECK(response.status == 201);
        CHECK(header(response, "content-type") == "application/octet-stream");
        CHECK(body(surface.get("/v1/stream/s")) == "[1]");
    }

    TEST_CASE("a stream can be created closed, with its whole content") {
        Surface surface;

        const auto response = surface.put("/v1/stream/s", "application/json", "[1,2]", {{"stream-closed", "true"}});

        CHECK(response.status == 201);
        CHECK(header(response, "stream-closed") == "true");
        const auto read = surface.get("/v1/stream/s");
        CHECK(body(read) == "[1,2]");
        CHECK(header(read, "stream-closed") == "true");
    }

    TEST_CASE("an empty array creates an empty json stream and bad json none") {
        Surface surface;

        CHECK(surface.put("/v1/stream/s", "application/json", "[]").status == 201);
        CHECK(body(surface.get("/v1/stream/s")) == "[]");
        CHECK(surface.put("/v1/stream/t", "application/json", "{bad").status == 400);
        CHECK(surface.get("/v1/stream/t").status == 404);
    }

    TEST_CASE("a stream expires when its time comes") {
        Surface surface;
        surface.put("/v1/stream/ttl", "text/plain", "", {{"stream-ttl", "10"}});
        surface.put("/v1/stream/at", "text/plain", "", {{"stream-expires-at", "2023-11-14T22:13:30.5Z"}});

        surface.clock.advance(std::chrono::seconds(9));
        CHECK(surface.get("/v1/stream/ttl?offset=now").status == 200);
        surface.clock.advance(std::chrono::seconds(9));
        CHECK(surface.call(Method::head, "/v1/stream/ttl").status == 200);
        CHECK(surface.call(Method::head, "/v1/stream/at").status == 404);
        surface.clock.advance(std::chrono::seconds(2));
        CHECK(surface.get("/v1/stream/ttl").status == 404);
        CHECK(surface.put("/v1/stream/ttl", "application/json").status == 201);
    }

}  // TEST_SUITE

TEST_SUITE("fork") {
    constexpr const char* zeros = "0000000000000000_0000000000000000";

    TEST_CASE("a fork begins with its source's data and goes its own way") {
        Surface surface;
        surface.put("/v1/stream/source", "text/plain", "one");

        const auto fork = surface.call(Method::put, "/v1/stream/fork", {{"stream-forked-from", "/v1/stream/source"}});
        surface.post("/v1/stream/fork", "text/plain", " fork");
        surface.post("/v1/stream/source", "text/plain", " source");

        CHECK(fork.status == 201);
        CHECK(header(fork, "content-type") == "text/plain");
        CHECK(body(surface.get("/v1/stream/fork")) == "one fork");
        CHECK(body(surface.get("/v1/stream/source")) == "one source");
    }

    TEST_CASE("the source's path may be percent-encoded") {
        Surface surface;
        surface.put("/v1/stream/a%20b", "text/plain", "x");

        CHECK(surface.call(Method::put, "/v1/stream/f", {{"stream-forked-from", "/v1/stream/a%20b"}}).status == 201);
    }

    TEST_CASE("a fork leaves its source at an offset and a sub-offset") {
        Surface surface;
        surface.put("/v1/stream/text", "text/plain", "hello");
        surface.put("/v1/stream/json", "application/json", "[1,2,3,4]");
        const auto fork = [&](const char* name, const char* source, Headers headers) {
            headers.emplace_back("stream-forked-from", std::string("/v1/stream/") + source);
            return surface.call(Method::put, std::string("/v1/stream/") + name, std::move(headers)).status;
        };

        CHECK(fork("f0", "text", {{"stream-fork-offset", zeros}}) == 201);
        CHECK(fork("f3", "text", {{"stream-fork-offset", zeros}, {"stream-fork-sub-offset", "3"}}) == 201);
        CHECK(fork("j2", "json", {{"stream-fork-offset", zeros}, {"stream-fork-sub-offset", "2"}}) == 201);
        CHECK(fork("f3", "text", {{"stream-fork-offset", zeros}, {"stream-fork-sub-offset", "3"}}) == 200);
        CHECK(fork("f3", "text", {{"stream-fork-offset", zeros}, {"stream-fork-sub-offset", "2"}}) == 409);
        CHECK(body(surface.get("/v1/stream/f0")).empty());
        CHECK(body(surface.get("/v1/stream/f3")) == "hel");
        CHECK(body(surface.get("/v1/stream/j2")) == "[1,2]");
    }

    TEST_CASE("a fork of a fork can start at zero") {
        Surface surface;
        surface.put("/v1/stream/a", "text/plain", "hello");
        surface.call(Method::put, "/v1/stream/b", {{"stream-forked-from", "/v1/stream/a"}});

        const Headers at_zero{
            {"stream-forked-from", "/v1/stream/b"}, {"stream-fork-offset", zeros}, {"stream-fork-sub-offset", "1"}};

        CHECK(surface.call(Method::put, "/v1/stream/c", at_zero).status == 201);
        CHECK(body(surface.get("/v1/stream/c")) == "h");
    }

    TEST_CASE("a fork's own body follows what it inherits, in its source's content type") {
        Surface surface;
        surface.put("/v1/stream/source", "application/json", "[1,2]");
        const Headers from{{"stream-forked-from", "/v1/stream/source"}};

        CHECK(surface.call(Method::put, "/v1/stream/fork", from, "[3,[4]]").status == 201);
        CHECK(body(surface.get("/v1/stream/fork")) == "[1,2,3,[4]]");
        CHECK(surface.call(Method::put, "/v1/stream/other", from, "{bad").status == 400);
    }

    TEST_CASE("what cannot be forked says why") {
        Surface surface;
        surface.put("/v1/stream/source", "text/plain", "hello");
        const auto fork = [&](Headers headers) {
            return surface.call(Method::put, "/v1/stream/fork", std::move(headers)).status;
        };
        const auto* source = "/v1/stream/source";

        CHECK(fork({{"stream-forked-from", "/v1/stream/none"}}) == 404);
        CHECK(fork({{"stream-forked-from", "/v1/stream/none"}, {"stream-fork-offset", zeros}}) == 404);
        CHECK(fork({{"stream-forked-from", "/elsewhere/source"}}) == 400);
        CHECK(fork({{"stream-forked-from", "/v1/stream/source?x"}}) == 400);
        CHECK(fork({{"stream-forked-from", "/v1/stream/../source"}}) == 400);
        CHECK(fork({{"stream-forked-from", source}, {"content-type", "application/json"}}) == 409);
        CHECK(fork({{"stream-forked-from", source}, {"stream-fork-offset", "9999999999999999_9999999999999999"}}) ==
              400);
        CHECK(fork({{"stream-forked-from", source}, {"stream-fork-offset", "5"}}) == 400);
        CHECK(fork({{"stream-forked-from", source}, {"stream-fork-sub-offset", "1"}}) == 400);
        CHECK(fork({{"stream-forked-from", source}, {"stream-fork-offset", zeros}, {"stream-fork-sub-offset", "6"}}) ==
              400);
        for (const auto* bad : {"-1", "abc", "1.5", "05", "+1", ""}) {
            CHECK(fork({{"stream-forked-from", source},
                        {"stream-fork-offset", zeros},
                        {"stream-fork-sub-offset", bad}}) == 400);
        }
        CHECK(fork({{"stream-fork-sub-offset", "0"}}) == 400);
        CHECK(fork({{"stream-fork-offset", zeros}}) == 400);
        CHECK(surface.get("/v1/stream/fork").status == 404);
    }

    TEST_CASE("a deleted source is gone for all but its forks") {
        Surface surface;
        surface.put("/v1/stream/source", "text/plain", "kept");
        surface.call(Method::put, "/v1/stream/fork", {{"stream-forked-from", "/v1/stream/source"}});

        CHECK(surface.call(Method::remove, "/v1/stream/source").status == 204);

        CHECK(surface.get("/v1/stream/source").status == 410);
        CHECK(surface.call(Method::head, "/v1/stream/source").status == 410);
        CHECK(surface.post("/v1/stream/source", "text/plain", "x").status == 410);
        CHECK(surface.call(Method::remove, "/v1/stream/source").status == 410);
        CHECK(surface.put("/v1/stream/source", "text/plain").status == 409);
        CHECK(surface.call(Method::put, "/v1/stream/f2", {{"stream-forked-from", "/v1/stream/source"}}).status == 409);
        const Headers at_zero{{"stream-forked-from", "/v1/stream/source"}, {"stream-fork-offset", zeros}};
        CHECK(surface.call(Method::put, "/v1/stream/f2", at_zero).status == 409);
        CHECK(surface.call(Method::put, "/v1/stream/f2", {{"stream-forked-from", "/v1/stream/source"}}, "x").status ==
              409);
        CHECK(body(surface.get("/v1/stream/fork")) == "kept");
        CHECK(surface.call(Method::remove, "/v1/stream/fork").status == 204);
        CHECK(surface.get("/v1/stream/source").status == 404);
    }

}  // TEST_SUITE
