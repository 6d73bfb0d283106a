#include "server/protocol/surface.hpp"

using namespace foldback;
using namespace foldback::server;

namespace {

std::string line_of(const Response& response) {
    const auto text = body(response);
    return text.substr(0, text.find('\n'));
}
std::string payload_of(const Response& response) {
    const auto text = body(response);
    return text.substr(text.find('\n') + 1);
}

}  // namespace

TEST_SUITE("views for stores") {
    TEST_CASE("a page says of each message where it lies in the store and when it was committed") {
        Surface surface;
        surface.put("/v1/stream/s", "application/json", R"([{"a": 1},2])");
        surface.clock.advance(std::chrono::seconds(1));
        surface.post("/v1/stream/s", "application/json", "[3]");

        const auto page = surface.get("/v1/stream/s?view=page&offset=1&renew=false");

        CHECK(header(page, "content-type") == "application/vnd.foldback.page");
        CHECK(payload_of(page) == "23");
        CHECK(line_of(page) ==
              R"({"content_type":"application/json","incarnation":1,"start":"0000000000000001_0000000000000001",)"
              R"("next":"0000000000000001_0000000000000003","tail":"0000000000000001_0000000000000003",)"
              R"("up_to_date":true,"closed":false,"runs":[)"
              R"({"offset":1,"position":1,"timestamp":1700000000000,"sizes":[1]},)"
              R"({"offset":2,"position":2,"timestamp":1700000001000,"sizes":[1]}]})");
        CHECK(payload_of(surface.get("/v1/stream/s?view=page")) == R"({"a": 1},23)");
        CHECK(payload_of(surface.get("/v1/stream/s?view=page&limit=0")).empty());
        CHECK(payload_of(surface.get("/v1/stream/s?view=page&direction=backward&limit=2")) == "32");
        CHECK(payload_of(surface.get("/v1/stream/s?view=page&max_bytes=1")) == R"({"a": 1})");
    }

    TEST_CASE("a page of the feed has every message, of any stream, as it is stored") {
        Surface surface;
        surface.put("/v1/stream/s", "application/json", "[1]");
        surface.put("/v1/stream/t", "text/plain", "text");

        const auto page = surface.get("/v1/feed?view=page&position=0");

        CHECK(payload_of(page) == "1text");
        CHECK(
            line_of(page) ==
            R"({"next":2,"tail":2,"up_to_date":true,"messages":[)"
            R"({"stream":"s","offset":"0000000000000001_0000000000000000","position":0,"timestamp":1700000000000,"json":true,"size":1},)"
            R"({"stream":"t","offset":"0000000000000002_0000000000000000","position":1,"timestamp":1700000000000,"json":false,"size":4}]})");
        CHECK(line_of(surface.get("/v1/feed?view=page&position=9")) ==
              R"({"next":9,"tail":2,"up_to_date":true,"messages":[]})");
        CHECK(payload_of(surface.get("/v1/feed?view=page&prefix=t")) == "text");
    }

    TEST_CASE("what is known of a stream, alone and in the list") {
        Surface surface;
        surface.put("/v1/stream/s", "application/json", "[1]", {{"stream-ttl", "60"}});
        const std::string info =
            R"({"stream":"s","incarnation":1,"content_type":"application/json","tail":"0000000000000001_0000000000000001",)"
            R"("first":0,"closed":false,"created_at_ms":1700000000000,"ttl_seconds":60})";

        CHECK(body(surface.get("/v1/stream/s?view=info")) == info);
        CHECK(body(surface.get("/v1/streams?view=info")) == R"({"streams":[)" + info + R"(],"complete":true})");
        CHECK(surface.get("/v1/stream/none?view=info").status == 404);
    }

    TEST_CASE("a watch waits for data beyond any offset, for closure and for deletion") {
        Surface surface;
        surface.put("/v1/stream/s", "application/json", "[1]");
        const auto beyond = surface.long_poll("/v1/stream/s?view=watch&beyond=2");
        const auto next = surface.long_poll("/v1/stream/s?view=watch&beyond=1");
        const auto feed = surface.long_poll("/v1/feed?view=watch&position=1");
        CHECK_FALSE(beyond->poll());
        CHECK_FALSE(next->poll());
        CHECK_FALSE(feed->poll());

        surface.post("/v1/stream/s", "application/json", "[2]");

        CHECK_FALSE(beyond->poll());
        CHECK(body(*next->poll()) == R"({"changed":true})");
        CHECK(body(*feed->poll()) == R"({"changed":true})");
        CHECK(body(beyond->expire()) == R"({"changed":false})");
        surface.close("/v1/stream/s");
        CHECK(body(*beyond->poll()) == R"({"changed":true})");
        CHECK(body(*surface.long_poll("/v1/stream/none?view=watch&beyond=0")->poll()) == R"({"changed":true})");
    }

    TEST_CASE("a refusal says all that the store says") {
        Surface surface;
        surface.put("/v1/stream/s", "application/json", "[1]");

        const auto refused = surface.get("/v1/stream/s?view=page&offset=2");

        CHECK(refused.status == 400);
        CHECK(body(refused).find(R"("code":"bad-offset")") != std::string::npos);
        CHECK(body(refused).find(R"("refused":{"tail":"0000000000000001_0000000000000001","first":0,"closed":false)") !=
              std::string::npos);
    }

    TEST_CASE("a parameter that cannot be understood is refused") {
        Surface surface;
        surface.put("/v1/stream/s", "application/json", "[1]");
        for (const char* query : {"view=all", "view=page&view=page", "view=page&offset=x", "view=page&limit=-1",
                                  "view=page&renew=true", "view=watch&beyond=x", "view=page&direction=up"}) {
            CAPTURE(query);
            CHECK(surface.get(std::string("/v1/stream/s?") + query).status == 400);
        }
        CHECK(surface.get("/v1/feed?view=info").status == 400);
    }
}
