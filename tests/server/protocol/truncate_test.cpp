#include "server/protocol/surface.hpp"

using namespace foldback;
using namespace foldback::server;

namespace {

Response truncate(Surface& surface, const std::string& target, const std::string& before, Headers more = {}) {
    more.emplace_back("stream-truncate-before", before);
    return surface.call(Method::post, target, std::move(more));
}

/// The token of an offset of the stream whose tail token is given.
std::string at(const std::string& tail, std::uint64_t offset) {
    const auto digits = std::to_string(offset);
    return tail.substr(0, 17) + std::string(16 - digits.size(), '0') + digits;
}

}  // namespace

TEST_SUITE("truncation") {
    TEST_CASE("what lies before the offset is gone, and -1 is what remains") {
        Surface surface;
        const auto tail = header(surface.put("/v1/stream/s", "application/json", "[1,2,3,4]"), "stream-next-offset");

        const auto response = truncate(surface, "/v1/stream/s", at(tail, 2));

        CHECK(response.status == 204);
        CHECK(header(response, "stream-first-offset") == at(tail, 2));
        CHECK(body(surface.get("/v1/stream/s?offset=-1")) == "[3,4]");
        CHECK(body(surface.get("/v1/stream/s")) == "[3,4]");
        CHECK(body(surface.get("/v1/stream/s?offset=" + at(tail, 3))) == "[4]");
        const auto gone = surface.get("/v1/stream/s?offset=" + at(tail, 1));
        CHECK(gone.status == 410);
        CHECK(body(gone).find("\"code\":\"truncated\"") != std::string::npos);
        CHECK(surface.get("/v1/stream/s?offset=" + at(tail, 1) + "&live=long-poll").status == 410);
        CHECK(surface.get("/v1/stream/s?offset=" + at(tail, 1) + "&live=sse").status == 410);
    }

    TEST_CASE("the stream goes on where it was, with all that it knows of its producers") {
        Surface surface;
        surface.put("/v1/stream/s", "application/json");
        const Headers producer{{"producer-id", "p"}, {"producer-epoch", "0"}, {"producer-seq", "0"}};
        const auto tail =
            header(surface.post("/v1/stream/s", "application/json", "[1,2]", producer), "stream-next-offset");

        REQUIRE(truncate(surface, "/v1/stream/s", "now").status == 204);

        CHECK(surface.post("/v1/stream/s", "application/json", "[1,2]", producer).status == 204);
        CHECK(surface.post("/v1/stream/s", "application/json", "3", {{"if-match", tail}}).status == 204);
        CHECK(body(surface.get("/v1/stream/s")) == "[3]");
    }

    TEST_CASE("an offset that is gone already changes nothing") {
        Surface surface;
        const auto tail = header(surface.put("/v1/stream/s", "application/json", "[1,2,3,4]"), "stream-next-offset");
        REQUIRE(truncate(surface, "/v1/stream/s", at(tail, 3)).status == 204);

        const auto again = truncate(surface, "/v1/stream/s", at(tail, 1));

        CHECK(again.status == 204);
        CHECK_FALSE(has_header(again, "stream-first-offset"));
        CHECK(truncate(surface, "/v1/stream/s", "0000000000000000_0000000000000000").status == 204);
        CHECK(body(surface.get("/v1/stream/s")) == "[4]");
    }

    TEST_CASE("a fork keeps what it shares") {
        Surface surface;
        const auto tail = header(surface.put("/v1/stream/s", "application/json", "[1,2]"), "stream-next-offset");
        surface.call(Method::put, "/v1/stream/fork", {{"stream-forked-from", "/v1/stream/s"}});

        REQUIRE(truncate(surface, "/v1/stream/s", "now").status == 204);
        CHECK(body(surface.get("/v1/stream/fork")) == "[1,2]");
        CHECK(truncate(surface, "/v1/stream/fork", at(tail, 1)).status == 204);
        CHECK(body(surface.get("/v1/stream/fork")) == "[2]");
    }

    TEST_CASE("an offset that is not of this stream is refused and changes nothing") {
        Surface surface;
        const auto old = header(surface.put("/v1/stream/s", "application/json", "[1,2]"), "stream-next-offset");
        surface.call(Method::remove, "/v1/stream/s");
        const auto tail = header(surface.put("/v1/stream/s", "application/json", "[1,2]"), "stream-next-offset");

        for (const auto& bad : {at(old, 1), at(tail, 3), std::string("1"), std::string("-1"), std::string()}) {
            CHECK(truncate(surface, "/v1/stream/s", bad).status == 400);
        }
        CHECK(truncate(surface, "/v1/stream/missing", "now").status == 404);
        CHECK(body(surface.get("/v1/stream/s")) == "[1,2]");
    }

    TEST_CASE("what else an append could say is refused beside it") {
        Surface surface;
        const auto tail = header(surface.put("/v1/stream/s", "application/json", "[1,2]"), "stream-next-offset");

        CHECK(truncate(surface, "/v1/stream/s", "now", {{"if-match", tail}}).status == 400);
        CHECK(truncate(surface, "/v1/stream/s", "now", {{"stream-closed", "true"}}).status == 400);
        CHECK(truncate(surface, "/v1/stream/s", "now", {{"stream-truncate-before", "now"}}).status == 400);
        CHECK(surface.post("/v1/stream/s", "application/json", "3", {{"stream-truncate-before", "now"}}).status == 400);
        CHECK(body(surface.get("/v1/stream/s")) == "[1,2]");
    }

    TEST_CASE("of a stream under a hold nothing is deleted") {
        ApiOptions options;
        options.is_held = [](std::string_view path) { return path == "legal"; };
        Surface surface(std::move(options));
        surface.put("/v1/stream/legal", "application/json", "[1,2]");
        surface.put("/v1/stream/other", "application/json", "[1,2]");

        const auto refused = truncate(surface, "/v1/stream/legal", "now");
        CHECK(refused.status == 409);
        CHECK(body(refused).find("\"code\":\"held\"") != std::string::npos);
        CHECK(surface.call(Method::remove, "/v1/stream/legal").status == 409);
        CHECK(body(surface.get("/v1/stream/legal")) == "[1,2]");
        CHECK(truncate(surface, "/v1/stream/other", "now").status == 204);
        CHECK(surface.call(Method::remove, "/v1/stream/other").status == 204);
    }
}
