#include "server/protocol/surface.hpp"

using namespace foldback;
using namespace foldback::server;

namespace {

Response append(Surface& surface, std::string body) {
    return surface.call(Method::post, "/v1/append", {{"content-type", "application/json"}}, std::move(body));
}

bool says(const Response& response, std::string_view text) { return body(response).find(text) != std::string::npos; }

std::string nested(unsigned depth) { return std::string(depth, '[') + std::string(depth, ']'); }

}  // namespace

TEST_SUITE("appends to several streams") {
    TEST_CASE("several streams are appended to in one commit, and the answer says where each part lies") {
        Surface surface;
        surface.put("/v1/stream/a", "application/json", "[1]");
        surface.put("/v1/stream/b", "text/plain");

        const auto response = append(surface, R"({"appends":[
            {"stream":"a","expected":1,"messages":[{"x": 1},2]},
            {"stream":"b","base64":"aGVsbG8="},
            {"stream":"c","expected":0,"create":{"content_type":"application/json","ttl_seconds":60},"messages":[3]}]})");

        CHECK(response.status == 200);
        CHECK(header(response, "content-type") == "application/json");
        CHECK(says(response, R"("first_position":1,"next_position":3)"));
        CHECK(says(response, R"("first_position":3,"next_position":4)"));
        CHECK(says(response, R"("first_position":4,"next_position":5)"));
        CHECK(body(surface.get("/v1/stream/a")) == R"([1,{"x": 1},2])");
        CHECK(body(surface.get("/v1/stream/b")) == "hello");
        CHECK(body(surface.get("/v1/stream/c")) == "[3]");
        CHECK(header(surface.call(Method::head, "/v1/stream/c"), "stream-ttl") == "60");
    }

    TEST_CASE("when one part is refused none is made, and the answer says why and where the stream is") {
        Surface surface;
        surface.put("/v1/stream/a", "application/json", "[1]");
        surface.put("/v1/stream/b", "application/json", "[1,2]");

        const auto response = append(
            surface, R"({"appends":[{"stream":"a","messages":[9]},{"stream":"b","expected":1,"messages":[9]}]})");

        CHECK(response.status == 412);
        CHECK(says(response, R"("code":"offset-mismatch")"));
        CHECK(says(response, R"("refused":{"tail":"0000000000000002_0000000000000002")"));
        CHECK(body(surface.get("/v1/stream/a")) == "[1]");
        CHECK(
            append(surface, R"({"appends":[{"stream":"a","messages":[9]},{"stream":"none","messages":[9]}]})").status ==
            404);
        CHECK(body(surface.get("/v1/stream/a")) == "[1]");
    }

    TEST_CASE("a part without messages asserts where a stream is") {
        Surface surface;
        surface.put("/v1/stream/a", "application/json", "[1]");
        surface.put("/v1/stream/b", "application/json");

        CHECK(append(surface, R"({"appends":[{"stream":"a","expected":1},{"stream":"b","messages":[1]}]})").status ==
              200);
        CHECK(append(surface, R"({"appends":[{"stream":"a","expected":0},{"stream":"b","messages":[2]}]})").status ==
              412);
        CHECK(body(surface.get("/v1/stream/b")) == "[1]");
    }

    TEST_CASE("a producer's parts are not made twice") {
        Surface surface;
        surface.put("/v1/stream/a", "application/json");
        const std::string once =
            R"({"appends":[{"stream":"a","messages":[1],"producer":{"id":"p","epoch":0,"seq":0}}]})";

        CHECK(append(surface, once).status == 200);
        CHECK(says(append(surface, once), R"("duplicate":true)"));
        CHECK(body(surface.get("/v1/stream/a")) == "[1]");
    }

    TEST_CASE("a body that does not say exactly what to do is refused and changes nothing") {
        Surface surface;
        surface.put("/v1/stream/a", "application/json");
        for (
            const char* text :
            {"",
             "[]",
             "{}",
             "{\"appends\":1}",
             R"({"appends":[{}]})",
             R"({"appends":[{"messages":[1]}]})",
             R"({"appends":[{"stream":"a","messages":[1],"expect":7}]})",
             R"({"appends":[{"stream":"a","messages":[1],"expected":7,"expected":0}]})",
             R"({"appends":[{"stream":"a","messages":[1],"expected":-1}]})",
             R"({"appends":[{"stream":"a","messages":[1],"expected":"0"}]})",
             R"({"appends":[{"stream":"a","messages":[1],"expected_offset":"0"}]})",
             R"({"appends":[{"stream":"a","messages":{"x":1}}]})",
             R"({"appends":[{"stream":"a","messages":[1,]}]})",
             R"({"appends":[{"stream":"a","messages":[1],"base64":"AA=="}]})",
             R"({"appends":[{"stream":"a","base64":"AA="}]})",
             R"({"appends":[{"stream":"a","base64":" AA== "}]})",
             R"({"appends":[{"stream":"a//b","messages":[1]}]})",
             R"({"appends":[{"stream":"a"}]})",
             R"({"appends":[{"stream":"a","messages":[1],"stream_seq":""}]})",
             R"({"appends":[{"stream":"a","messages":[1],"producer":{"epoch":0,"seq":0}}]})",
             R"({"appends":[{"stream":"a","messages":[1],"producer":{"id":"a\nb","epoch":0,"seq":0}}]})",
             R"({"appends":[{"stream":"n","messages":[1],"create":{"ttl_seconds":1,"expires_at":"2030-01-01T00:00:00Z"}}]})",
             R"({"appends":[{"stream":"n","messages":[1],"create":{"expires_at":"soon"}}]})",
             R"({"appends":[{"stream":"a","messages":[1]},{"stream":"a","messages":[1]}]})",
             R"({"appends":[{"stream":"a","messages":[1]}]} 1)"}) {
            CAPTURE(text);
            CHECK(append(surface, text).status == 400);
        }
        CHECK(append(surface, R"({"appends":[{"stream":"a","messages":[)" + nested(200) + "]}]}").status == 400);
        CHECK(append(surface, R"({"appends":[{"stream":"__ds/x","messages":[1]}]})").status == 404);
        CHECK(surface.get("/v1/append").status == 405);
        CHECK(body(surface.get("/v1/stream/a")) == "[]");
    }

    TEST_CASE("streams and messages of one request are bounded") {
        Surface surface({.max_batch_messages = 3});
        surface.put("/v1/stream/a", "application/json");
        std::string many = R"({"appends":[)";
        for (int i = 0; i <= 1000; ++i)
            many += (i == 0 ? "" : ",") + std::string(R"({"stream":"s)") + std::to_string(i) + R"(","close":true})";

        CHECK(append(surface, many + "]}").status == 413);
        CHECK(append(surface, R"({"appends":[{"stream":"a","messages":[1,2]},{"stream":"b","messages":[1,2]}]})")
                  .status == 413);
        CHECK(append(surface, R"({"appends":[{"stream":"a","messages":[1,2,3]}]})").status == 200);
    }

    TEST_CASE("messages may be nested up to 124 deep") {
        Surface surface;
        surface.put("/v1/stream/a", "application/json");

        CHECK(append(surface, R"({"appends":[{"stream":"a","messages":[)" + nested(124) + "]}]}").status == 200);
        CHECK(append(surface, R"({"appends":[{"stream":"a","messages":[)" + nested(125) + "]}]}").status == 400);
    }

    TEST_CASE("a store that is full takes nothing, but finds existing streams there") {
        bool has_room_for_streams = true;
        Surface surface({.has_room = [&](Growth growth) { return growth == Growth::data || has_room_for_streams; }});
        const auto to = [](const char* stream) {
            return std::string(R"({"appends":[{"stream":")") + stream +
                   R"(","messages":[1],"create":{"content_type":"application/json"}}]})";
        };
        CHECK(append(surface, to("a")).status == 200);
        has_room_for_streams = false;

        CHECK(append(surface, to("a")).status == 200);
        CHECK(append(surface, to("b")).status == 507);
    }
}
