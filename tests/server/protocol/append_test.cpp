#include "protocol/operations.hpp"

#include "server/protocol/surface.hpp"

using namespace foldback;
using namespace foldback::server;

TEST_SUITE("append") {
    TEST_CASE("appending answers 204 with the new tail as offset and as entity tag") {
        Surface surface;
        surface.put("/v1/stream/orders/42", "application/json");

        const auto response = surface.post("/v1/stream/orders/42", "application/json", R"([{"n":1},{"n":2}])");

        CHECK(response.status == 204);
        CHECK(header(response, "stream-next-offset").ends_with("_0000000000000002"));
        CHECK(header(response, "etag") == '"' + header(response, "stream-next-offset") + '"');
        CHECK_FALSE(has_header(response, "stream-closed"));
        CHECK(body(surface.get("/v1/stream/orders/42")) == R"([{"n":1},{"n":2}])");
    }

    TEST_CASE("json messages are stored byte for byte") {
        Surface surface;
        surface.put("/v1/stream/s", "application/json");
        const std::string odd = R"({"a" : 1e400,"a":12345678901234567890, "x":"\ud800"})";

        surface.post("/v1/stream/s", "application/json", " [ " + odd + " ,\n1.0 ] ");

        CHECK(body(surface.get("/v1/stream/s")) == "[" + odd + ",1.0]");
    }

    TEST_CASE("an append to a stream that does not exist is 404") {
        Surface surface;

        CHECK(surface.post("/v1/stream/none", "text/plain", "x").status == 404);
        CHECK(surface.post("/v1/stream/none", "application/json", "{bad").status == 404);
    }

    TEST_CASE("an append of another content type is 409, whatever its body") {
        Surface surface;
        surface.put("/v1/stream/s", "text/plain");

        CHECK(surface.post("/v1/stream/s", "application/json", "{}").status == 409);
        CHECK(surface.post("/v1/stream/s", "application/json", "{bad").status == 409);
        CHECK(surface.post("/v1/stream/s", "TEXT/PLAIN; charset=utf-8", "x").status == 204);
    }

    TEST_CASE("an append to a closed stream is 409 with the final offset, also when its body is bad") {
        Surface surface;
        surface.put("/v1/stream/s", "application/json", "[1]");
        const auto closed = surface.close("/v1/stream/s");
        REQUIRE(closed.status == 204);
        REQUIRE(header(closed, "stream-closed") == "true");

        for (const auto* bad : {"{}", "{bad", "[]"}) {
            const auto response = surface.post("/v1/stream/s", "application/json", bad);
            CHECK(response.status == 409);
            CHECK(header(response, "stream-closed") == "true");
            CHECK(header(response, "stream-next-offset") == header(closed, "stream-next-offset"));
        }
        CHECK(surface.post("/v1/stream/s", "text/plain", "x").status == 409);
    }

    TEST_CASE("closing is idempotent, ignores the content type and needs no body") {
        Surface surface;
        surface.put("/v1/stream/s", "application/json");

        CHECK(surface.close("/v1/stream/s", {{"content-type", "text/plain"}}).status == 204);
        CHECK(surface.close("/v1/stream/s").status == 204);
        CHECK(header(surface.close("/v1/stream/s"), "stream-closed") == "true");
    }

    TEST_CASE("only the value true closes, in any case") {
        Surface surface;
        surface.put("/v1/stream/s", "text/plain");

        for (const auto* value : {"false", "yes", "1", ""}) {
            const auto response = surface.post("/v1/stream/s", "text/plain", "x", {{"stream-closed", value}});
            CHECK(response.status == 204);
            CHECK_FALSE(has_header(response, "stream-closed"));
        }
        CHECK(header(surface.post("/v1/stream/s", "text/plain", "x", {{"stream-closed", "TRUE"}}), "stream-closed") ==
              "true");
    }

    TEST_CASE("Stream-Seq must grow byte by byte") {
        Surface surface;
        surface.put("/v1/stream/s", "text/plain");

        CHECK(surface.post("/v1/stream/s", "text/plain", "a", {{"stream-seq", "2"}}).status == 204);
        CHECK(surface.post("/v1/stream/s", "text/plain", "b", {{"stream-seq", "10"}}).status == 409);
        CHECK(surface.post("/v1/stream/s", "text/plain", "b", {{"stream-seq", "2"}}).status == 409);
        CHECK(surface.post("/v1/stream/s", "text/plain", "b", {{"stream-seq", "20"}}).status == 204);
        CHECK(body(surface.get("/v1/stream/s")) == "ab");
    }

    TEST_CASE("a producer's new data is 200, its duplicate 204 with the highest sequence number") {
        Surface surface;
        surface.put("/v1/stream/s", "text/plain");
        const auto send = [&](const char* epoch, const char* seq) {
            return surface.post("/v1/stream/s", "text/plain", seq,
                                {{"producer-id", "p"}, {"producer-epoch", epoch}, {"producer-seq", seq}});
        };

        CHECK(send("0", "0").status == 200);
        CHECK(send("0", "1").status == 200);
        const auto duplicate = send("0", "0");
        CHECK(duplicate.status == 204);
        CHECK(header(duplicate, "producer-seq") == "1");
        CHECK(header(duplicate, "producer-epoch") == "0");
        CHECK(body(surface.get("/v1/stream/s")) == "01");
    }

    TEST_CASE("a producer is told of a gap, of a stale epoch and of a wrong start") {
        Surface surface;
        surface.put("/v1/stream/s", "text/plain");
        const auto send = [&](const char* epoch, const char* seq) {
            return surface.post("/v1/stream/s", "text/plain", "x",
                                {{"producer-id", "p"}, {"producer-epoch", epoch}, {"producer-seq", seq}});
        };
        REQUIRE(send("1", "0").status == 200);

        const auto gap = send("1", "5");
        CHECK(gap.status == 409);
        CHECK(header(gap, "producer-expected-seq") == "1");
        CHECK(header(gap, "producer-received-seq") == "5");
        const auto stale = send("0", "1");
        CHECK(stale.status == 403);
        CHECK(header(stale, "producer-epoch") == "1");
        CHECK(send("2", "3").status == 400);
    }

    TEST_CASE("a producer's bare close is 204, and so is its repetition") {
        Surface surface;
        surface.put("/v1/stream/s", "text/plain");
        const Headers producer{{"producer-id", "p"}, {"producer-epoch", "0"}, {"producer-seq", "0"}};

        const auto first = surface.close("/v1/stream/s", producer);
        const auto second = surface.close("/v1/stream/s", producer);

        CHECK(first.status == 204);
        CHECK(header(first, "producer-seq") == "0");
        CHECK(second.status == 204);
        CHECK(header(second, "stream-closed") == "true");
        CHECK(surface.close("/v1/stream/s", {{"producer-id", "q"}, {"producer-epoch", "0"}, {"producer-seq", "0"}})
                  .status == 409);
    }

    TEST_CASE("an empty body, an empty batch and a missing content type are 400") {
        Surface surface;
        surface.put("/v1/stream/s", "application/json");

        CHECK(surface.post("/v1/stream/s", "application/json", "").status == 400);
        CHECK(surface.post("/v1/stream/s", "application/json", "[]").status == 400);
        CHECK(surface.call(Method::post, "/v1/stream/s", {}, "{}").status == 400);
        CHECK(body(surface.get("/v1/stream/s")) == "[]");
    }

    TEST_CASE("an encoded body is 415") {
        Surface surface;
        surface.put("/v1/stream/s", "text/plain");

        CHECK(surface.post("/v1/stream/s", "text/plain", "x", {{"content-encoding", "gzip"}}).status == 415);
        CHECK(surface.post("/v1/stream/s", "text/plain", "x", {{"content-encoding", "identity"}}).status == 204);
    }

    TEST_CASE("limits of the body are those of the options") {
        Surface surface({.max_body_bytes = 10, .max_json_depth = 2, .max_batch_messages = 3});
        surface.put("/v1/stream/s", "application/json");

        CHECK(surface.post("/v1/stream/s", "application/json", "\"123456789\"").status == 413);
        CHECK(surface.post("/v1/stream/s", "application/json", "[[[1]]]").status == 204);
        CHECK(surface.post("/v1/stream/s", "application/json", "[[[[]]]]").status == 400);
        CHECK(surface.post("/v1/stream/s", "application/json", "[1,2,3,4]").status == 413);
        CHECK(
            body(surface.post("/v1/stream/s", "application/json", "[1,2,3,4]")).find(R"("code":"too-many-messages")") !=
            std::string::npos);
        CHECK(surface.put("/v1/stream/new", "application/json", "[1,2,3,4]").status == 413);
        CHECK(surface.call(Method::head, "/v1/stream/new").status == 404);
    }

}  // TEST_SUITE
