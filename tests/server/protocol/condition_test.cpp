#include "protocol/condition.hpp"

#include <nlohmann/json.hpp>

#include "server/protocol/surface.hpp"

using namespace foldback;
using namespace foldback::server;

namespace {

std::string quoted(const std::string& token) { return '"' + token + '"'; }

}  // namespace

TEST_SUITE("if-match") {
    TEST_CASE("appends chain by the entity tag of the one before") {
        Surface surface;
        auto tag = quoted(header(surface.put("/v1/stream/s", "application/json"), "stream-next-offset"));

        for (int i = 0; i != 3; ++i) {
            const auto response = surface.post("/v1/stream/s", "application/json", "1", {{"if-match", tag}});
            REQUIRE(response.status == 204);
            tag = header(response, "etag");
        }

        CHECK(body(surface.get("/v1/stream/s")) == "[1,1,1]");
    }

    TEST_CASE("appending at a stale offset changes nothing and names the tail") {
        Surface surface;
        const auto stale = header(surface.put("/v1/stream/s", "application/json"), "stream-next-offset");
        const auto tail = header(surface.post("/v1/stream/s", "application/json", "1"), "stream-next-offset");

        const auto response = surface.post("/v1/stream/s", "application/json", "2", {{"if-match", quoted(stale)}});

        CHECK(response.status == 412);
        CHECK(header(response, "etag") == quoted(tail));
        CHECK(header(response, "stream-next-offset") == tail);
        CHECK(header(response, "content-type") == "application/problem+json");
        CHECK_FALSE(nlohmann::json::parse(body(response)).contains("missed"));
        CHECK(body(surface.get("/v1/stream/s")) == "[1]");
    }

    TEST_CASE("a tag without quotes and the token of all zeros are understood") {
        Surface surface;
        const auto start = header(surface.put("/v1/stream/s", "application/json"), "stream-next-offset");
        const std::string zeros = "0000000000000000_0000000000000000";

        CHECK(surface.post("/v1/stream/s", "application/json", "1", {{"if-match", start}}).status == 204);
        CHECK(surface.post("/v1/stream/s", "application/json", "1", {{"if-match", quoted(zeros)}}).status == 412);
        surface.put("/v1/stream/t", "application/json");
        CHECK(surface.post("/v1/stream/t", "application/json", "1", {{"if-match", quoted(zeros)}}).status == 204);
    }

    TEST_CASE("a token of a deleted namesake and a tag of another kind never match") {
        Surface surface;
        const auto old = header(surface.put("/v1/stream/s", "application/json", "[1]"), "stream-next-offset");
        surface.call(Method::remove, "/v1/stream/s");
        surface.put("/v1/stream/s", "application/json", "[2]");

        CHECK(surface.post("/v1/stream/s", "application/json", "3", {{"if-match", quoted(old)}}).status == 412);
        CHECK(surface.post("/v1/stream/s", "application/json", "3", {{"if-match", "\"7:0:1\""}}).status == 412);
        CHECK(surface.post("/v1/stream/s", "application/json", "3", {{"if-match", "\"now\""}}).status == 412);
        CHECK(body(surface.get("/v1/stream/s")) == "[2]");
    }

    TEST_CASE("an asterisk, a list, a weak tag and producer headers are 400") {
        Surface surface;
        const auto tail = header(surface.put("/v1/stream/s", "application/json"), "stream-next-offset");

        for (const auto& value : {std::string("*"), quoted(tail) + ", " + quoted(tail), "W/" + quoted(tail),
                                  std::string(), '"' + tail, std::string("\"\"")}) {
            CHECK(surface.post("/v1/stream/s", "application/json", "1", {{"if-match", value}}).status == 400);
        }
        const Headers both{
            {"if-match", quoted(tail)}, {"producer-id", "p"}, {"producer-epoch", "0"}, {"producer-seq", "0"}};
        CHECK(surface.post("/v1/stream/s", "application/json", "1", both).status == 400);
        CHECK(body(surface.get("/v1/stream/s")) == "[]");
    }

    TEST_CASE("closure and content type come before the condition, Stream-Seq after it") {
        Surface surface;
        const auto start = quoted(header(surface.put("/v1/stream/s", "application/json"), "stream-next-offset"));
        surface.post("/v1/stream/s", "application/json", "1", {{"stream-seq", "5"}});

        CHECK(surface.post("/v1/stream/s", "text/plain", "x", {{"if-match", start}}).status == 409);
        CHECK(
            surface.post("/v1/stream/s", "application/json", "1", {{"if-match", start}, {"stream-seq", "4"}}).status ==
            412);
        surface.close("/v1/stream/s");
        CHECK(surface.post("/v1/stream/s", "application/json", "1", {{"if-match", start}}).status == 409);
        CHECK(surface.post("/v1/stream/none", "application/json", "1", {{"if-match", start}}).status == 404);
    }

    TEST_CASE("a close can be conditional") {
        Surface surface;
        const auto start = quoted(header(surface.put("/v1/stream/s", "application/json"), "stream-next-offset"));
        surface.post("/v1/stream/s", "application/json", "1");

        CHECK(surface.close("/v1/stream/s", {{"if-match", start}}).status == 412);
        CHECK_FALSE(has_header(surface.call(Method::head, "/v1/stream/s"), "stream-closed"));
    }

    TEST_CASE("a writer who asks gets the messages it missed, byte for byte") {
        Surface surface;
        const auto stale = header(surface.put("/v1/stream/s", "application/json"), "stream-next-offset");
        const auto tail =
            header(surface.post("/v1/stream/s", "application/json", R"([{"n":1.0},{"n" : 2}])"), "stream-next-offset");

        const auto response = surface.post("/v1/stream/s", "application/json", "3",
                                           {{"if-match", quoted(stale)}, {"prefer", "wait=5, return=missed-events"}});

        CHECK(response.status == 412);
        CHECK(header(response, "preference-applied") == "return=missed-events");
        const auto missed = nlohmann::json::parse(body(response)).at("missed");
        CHECK(missed.at("offset") == stale);
        CHECK(missed.at("next_offset") == tail);
        CHECK(missed.at("up_to_date") == true);
        CHECK(missed.at("messages").size() == 2);
        CHECK(body(response).find(R"([{"n":1.0},{"n" : 2}])") != std::string::npos);
    }

    TEST_CASE("missed messages are capped, and those of byte streams are base64") {
        Surface surface({.max_response_bytes = 100});
        const auto stale = header(surface.put("/v1/stream/s", "text/plain"), "stream-next-offset");
        for (int i = 0; i != 3; ++i) surface.post("/v1/stream/s", "text/plain", std::string(60, 'x'));

        const auto response =
            surface.post("/v1/stream/s", "text/plain", "y", {{"if-match", stale}, {"prefer", "return=missed-events"}});

        const auto missed = nlohmann::json::parse(body(response)).at("missed");
        CHECK(missed.at("up_to_date") == false);
        CHECK(missed.at("base64").get<std::string>().size() == 136);
        CHECK(missed.at("next_offset").get<std::string>().ends_with("_0000000000000100"));
    }

    TEST_CASE("a writer that loses a race gets what it missed too") {
        Surface surface;
        const auto start = quoted(header(surface.put("/v1/stream/s", "application/json"), "stream-next-offset"));
        const Headers headers{
            {"content-type", "application/json"}, {"if-match", start}, {"prefer", "return=missed-events"}};
        auto first = surface.reply(Method::post, "/v1/stream/s", headers, "1");
        auto second = surface.reply(Method::post, "/v1/stream/s", headers, "2");

        const auto won = surface.finish(std::get<Pending>(first));
        const auto lost = surface.finish(std::get<Pending>(second));

        CHECK(won.status == 204);
        CHECK(lost.status == 412);
        CHECK(header(lost, "etag") == header(won, "etag"));
        CHECK(nlohmann::json::parse(body(lost)).at("missed").at("messages") == nlohmann::json::array({1}));
        CHECK(header(lost, "x-content-type-options") == "nosniff");
    }

    TEST_CASE("If-Match on PUT and DELETE is refused rather than ignored") {
        Surface surface;
        surface.put("/v1/stream/s", "text/plain");

        CHECK(surface.put("/v1/stream/t", "text/plain", {}, {{"if-match", "\"x\""}}).status == 400);
        CHECK(surface.call(Method::remove, "/v1/stream/s", {{"if-match", "\"x\""}}).status == 400);
        CHECK(surface.call(Method::head, "/v1/stream/s").status == 200);
    }

}  // TEST_SUITE
