#include "protocol/live_source.hpp"

#include "protocol/timestamp.hpp"
#include "server/protocol/surface.hpp"

using namespace foldback;
using namespace foldback::server;

TEST_SUITE("long-poll") {
    TEST_CASE("data that is there already is answered at once") {
        Surface surface;
        surface.put("/v1/stream/s", "text/plain", "x");

        const auto response = surface.get("/v1/stream/s?offset=-1&live=long-poll");

        CHECK(response.status == 200);
        CHECK(body(response) == "x");
        CHECK(header(response, "stream-up-to-date") == "true");
        CHECK(header(response, "stream-cursor").find_first_not_of("0123456789") == std::string::npos);
        CHECK_FALSE(header(response, "stream-cursor").empty());
        CHECK(has_header(response, "etag"));
    }

    TEST_CASE("a reader at the tail is called when data comes, and gets it") {
        Surface surface;
        const auto tail = header(surface.put("/v1/stream/s", "text/plain", "x"), "stream-next-offset");
        const auto waiting = surface.long_poll("/v1/stream/s?live=long-poll&offset=" + tail);
        REQUIRE_FALSE(waiting->poll().has_value());
        int calls = 0;
        const auto watch = waiting->watch([&] { ++calls; });
        REQUIRE(calls == 0);

        surface.post("/v1/stream/s", "text/plain", "new");

        CHECK(calls == 1);
        const auto response = waiting->poll();
        REQUIRE(response.has_value());
        CHECK(response->status == 200);
        CHECK(body(*response) == "new");
        CHECK(header(*response, "cross-origin-resource-policy") == "same-origin");
    }

    TEST_CASE("data that came between the poll and the watch is not missed") {
        Surface surface;
        surface.put("/v1/stream/s", "text/plain", "x");
        const auto waiting = surface.long_poll("/v1/stream/s?live=long-poll&offset=now");
        surface.post("/v1/stream/s", "text/plain", "new");

        int calls = 0;
        const auto watch = waiting->watch([&] { ++calls; });

        CHECK(calls == 1);
        CHECK(body(waiting->poll().value()) == "new");
    }

    TEST_CASE("a timeout is 204 with the tail and a cursor") {
        Surface surface;
        const auto tail = header(surface.put("/v1/stream/s", "text/plain", "x"), "stream-next-offset");
        const auto waiting = surface.long_poll("/v1/stream/s?offset=now&live=long-poll");

        const auto response = waiting->expire();

        CHECK(response.status == 204);
        CHECK(header(response, "stream-next-offset") == tail);
        CHECK(header(response, "stream-up-to-date") == "true");
        CHECK_FALSE(header(response, "stream-cursor").empty());
        CHECK(header(response, "cache-control") == "no-store");
        CHECK(header(response, "x-content-type-options") == "nosniff");
        CHECK(waiting->timeout() == std::chrono::seconds(30));
    }

    TEST_CASE("data that came with the timeout is delivered") {
        Surface surface;
        surface.put("/v1/stream/s", "text/plain");
        const auto waiting = surface.long_poll("/v1/stream/s?offset=now&live=long-poll");
        surface.post("/v1/stream/s", "text/plain", "late");

        CHECK(body(waiting->expire()) == "late");
    }

    TEST_CASE("the end of a closed stream is 204 at once, without a cursor") {
        Surface surface;
        surface.put("/v1/stream/s", "text/plain", "x", {{"stream-closed", "true"}});

        const auto response = surface.get("/v1/stream/s?offset=now&live=long-poll");

        CHECK(response.status == 204);
        CHECK(header(response, "stream-closed") == "true");
        CHECK(header(response, "stream-up-to-date") == "true");
        CHECK_FALSE(has_header(response, "stream-cursor"));
    }

    TEST_CASE("a close wakes a reader, with the data that came with it") {
        Surface surface;
        surface.put("/v1/stream/s", "text/plain");
        const auto bare = surface.long_poll("/v1/stream/s?offset=now&live=long-poll");
        const auto other = surface.long_poll("/v1/stream/s?offset=now&live=long-poll");
        int calls = 0;
        const auto watch = bare->watch([&] { ++calls; });

        surface.post("/v1/stream/s", "text/plain", "last", {{"stream-closed", "true"}});

        CHECK(calls == 1);
        const auto response = other->poll();
        REQUIRE(response.has_value());
        CHECK(body(*response) == "last");
        CHECK(header(*response, "stream-closed") == "true");
    }

    TEST_CASE("a reader of a stream that is deleted gets 404, also when a namesake takes its place") {
        Surface surface;
        surface.put("/v1/stream/s", "text/plain", "x");
        const auto one = surface.long_poll("/v1/stream/s?offset=now&live=long-poll");
        const auto other = surface.long_poll("/v1/stream/s?offset=now&live=long-poll");
        int calls = 0;
        const auto watch = one->watch([&] { ++calls; });

        surface.call(Method::remove, "/v1/stream/s");
        CHECK(calls == 1);
        CHECK(one->poll().value().status == 404);
        surface.put("/v1/stream/s", "text/plain", "other");

        CHECK(other->poll().value().status == 404);
    }

    TEST_CASE("a fork's reader waits for the fork, not for its source") {
        Surface surface;
        surface.put("/v1/stream/source", "text/plain", "x");
        surface.call(Method::put, "/v1/stream/fork", {{"stream-forked-from", "/v1/stream/source"}});
        const auto waiting = surface.long_poll("/v1/stream/fork?offset=now&live=long-poll");
        int calls = 0;
        const auto watch = waiting->watch([&] { ++calls; });

        surface.post("/v1/stream/source", "text/plain", "source");
        CHECK(calls == 0);
        CHECK_FALSE(waiting->poll().has_value());
        surface.post("/v1/stream/fork", "text/plain", "fork");

        CHECK(calls == 1);
        CHECK(body(waiting->poll().value()) == "fork");
    }

    TEST_CASE("a cursor never goes back") {
        Surface surface;
        surface.put("/v1/stream/s", "text/plain", "x");
        auto cursor = header(surface.get("/v1/stream/s?offset=-1&live=long-poll"), "stream-cursor");

        for (int i = 0; i != 100; ++i) {
            const auto next =
                header(surface.get("/v1/stream/s?offset=-1&live=long-poll&cursor=" + cursor), "stream-cursor");
            REQUIRE(std::stoull(next) > std::stoull(cursor));
            cursor = next;
        }
    }

    TEST_CASE("bad requests and missing streams are refused at once") {
        Surface surface;
        surface.put("/v1/stream/s", "text/plain", "x");

        CHECK(surface.get("/v1/stream/s?live=long-poll").status == 400);
        CHECK(surface.get("/v1/stream/s?offset=-1&live=longpoll").status == 400);
        CHECK(surface.get("/v1/stream/s?offset=-1&live=long-poll&cursor=x").status == 400);
        CHECK(surface.get("/v1/stream/s?offset=-1&live=long-poll&direction=backward").status == 400);
        CHECK(surface.get("/v1/stream/none?offset=now&live=long-poll").status == 404);
    }

    TEST_CASE("what a long-poll from an offset found may be cached, so that readers collapse") {
        Surface surface;
        const auto start = header(surface.put("/v1/stream/s", "text/plain"), "stream-next-offset");
        surface.post("/v1/stream/s", "text/plain", "x");

        const auto from_offset = surface.get("/v1/stream/s?live=long-poll&offset=" + start);
        CHECK(header(from_offset, "cache-control") == "public, max-age=60, stale-while-revalidate=300");
        CHECK(header(surface.get("/v1/stream/s?live=long-poll&offset=-1"), "cache-control") == "no-cache");
        const auto from_now = surface.long_poll("/v1/stream/s?live=long-poll&offset=now");
        surface.post("/v1/stream/s", "text/plain", "y");
        CHECK(header(from_now->poll().value(), "cache-control") == "no-store");
    }

    TEST_CASE("waiting readers are counted, all and per stream, until they go") {
        Surface surface({.max_waiters = 3, .max_waiters_per_stream = 2});
        surface.put("/v1/stream/a", "text/plain");
        surface.put("/v1/stream/b", "text/plain");
        const std::string now = "?offset=now&live=long-poll";
        auto first = surface.long_poll("/v1/stream/a" + now);
        const auto second = surface.long_poll("/v1/stream/a" + now);

        CHECK(surface.get("/v1/stream/a" + now).status == 429);
        const auto third = surface.long_poll("/v1/stream/b" + now);
        const auto busy = surface.get("/v1/stream/b" + now);
        CHECK(busy.status == 503);
        CHECK(header(busy, "retry-after") == "1");
        first.reset();
        CHECK(surface.long_poll("/v1/stream/a" + now) != nullptr);
    }

    TEST_CASE("a stream with a sliding expiry outlives its readers by one window") {
        Surface surface;
        surface.put("/v1/stream/s", "text/plain", "", {{"stream-ttl", "10"}});
        auto waiting = surface.long_poll("/v1/stream/s?offset=now&live=long-poll");

        surface.clock.advance(std::chrono::seconds(60));
        surface.store->run_until_idle();
        CHECK_FALSE(waiting->poll().has_value());
        waiting.reset();
        surface.clock.advance(std::chrono::milliseconds(9'999));
        CHECK(surface.call(Method::head, "/v1/stream/s").status == 200);
        surface.clock.advance(std::chrono::milliseconds(1));

        CHECK(surface.call(Method::head, "/v1/stream/s").status == 404);
    }

    TEST_CASE("an expiry time ends a stream under its readers") {
        Surface surface;
        surface.put(
            "/v1/stream/s", "text/plain", "",
            {{"stream-expires-at", protocol::format_timestamp(surface.clock.now() + std::chrono::seconds(10))}});
        const auto waiting = surface.long_poll("/v1/stream/s?offset=now&live=long-poll");

        surface.clock.advance(std::chrono::seconds(10));

        CHECK(waiting->poll().value().status == 404);
    }

}  // TEST_SUITE
