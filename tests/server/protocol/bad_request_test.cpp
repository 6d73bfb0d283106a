#include "protocol/problem.hpp"

#include <nlohmann/json.hpp>

#include "server/protocol/surface.hpp"

using namespace foldback;
using namespace foldback::server;

namespace {

/// A request, its status, and nothing else: no stream appears, changes or goes.
struct BadRequest {
    Method method;
    std::string target;
    Headers headers;
    std::string body;
    unsigned status = 400;
};

constexpr auto get = Method::get;
constexpr auto put = Method::put;
constexpr auto post = Method::post;
constexpr auto del = Method::remove;
const std::string s = "/v1/stream/s";
const std::string zeros = "0000000000000000_0000000000000000";
const std::string digits_400(400, '9');

std::vector<BadRequest> bad_targets() {
    std::vector<BadRequest> requests;
    for (const auto* path : {
             "%",      "%4",     "%zz",      "a%",         "a%4",      "%00",       "a%00b",        "%0a",    "%0D%0A",
             "%7f",    "%1F",    "%ff",      "%c0%80",     "%C0%AF",   "%ed%a0%80", "%f5%80%80%80", "%E2%82", "",
             "/",      "a/",     "a//b",     "/a",         ".",        "..",        "a/.",          "a/..",   "../s",
             "%2e",    "%2e%2e", "%2E%2e/s", "a/%2e%2e/b", "a%2F%2Fb", "a%2F",      "%2F",          "a\\b",   "a%5cb",
             "a\001b", "a\nb",   "a\r\nb",   "a#b",        "s#",       "\xff",      "a\x7f",
         }) {
        requests.push_back({get, "/v1/stream/" + std::string(path), {}, {}});
    }
    requests.push_back({put, "/v1/stream/" + std::string(1025, 'x'), {}, {}});
    for (const auto* target : {"", "*", "v1/stream/s", "http://host/v1/stream/s", "?offset=-1"}) {
        requests.push_back({get, target, {}, {}});
    }
    for (const auto* target : {"/", "/v1", "/v1/stream", "/v2/stream/s", "/v1/streamz/s", "/v1/feed/", "/v1/streams/",
                               "/v1/stream/__ds", "/v1/stream/__ds/subscriptions/x", "/v1/stream/%5F_ds/x"}) {
        requests.push_back({get, target, {}, {}, 404});
    }
    return requests;
}

std::vector<BadRequest> bad_queries() {
    std::vector<BadRequest> requests;
    for (const auto& query : {
             std::string("offset="),
             std::string("offset=0"),
             std::string("offset=-2"),
             std::string("offset=--1"),
             std::string("offset=NOW"),
             std::string("offset=now%20"),
             std::string("offset=0,1"),
             std::string("offset=0%201"),
             std::string("offset=+-1"),
             std::string("offset=%00"),
             std::string("offset=../x"),
             "offset=" + digits_400,
             "offset=" + zeros + "0",
             "offset=" + zeros.substr(1),
             "offset= " + zeros,
             "offset=" + zeros + "%0A",
             std::string("offset=0000000000000001_000000000000000x"),
             std::string("offset=0000000000000001-0000000000000000"),
             std::string("offset=+000000000000001_0000000000000000"),
             std::string("offset=9999999999999999_9999999999999999"),
             std::string("offset=0000000000000000_0000000000000001"),
             std::string("offset=-1&offset=-1"),
             std::string("offset=a&offset=b"),
             std::string("offset=-1&%6fffset=now"),
             std::string("offset=%zz"),
             std::string("x=%"),
             std::string("%=x"),
             std::string("live=sse"),
             std::string("live=long-poll"),
             std::string("offset=-1&live="),
             std::string("offset=-1&live=true"),
             std::string("offset=-1&live=SSE"),
             std::string("offset=-1&live=sse&live=sse"),
             std::string("offset=-1&live=long-poll&cursor="),
             std::string("offset=-1&live=long-poll&cursor=-1"),
             std::string("offset=-1&live=long-poll&cursor=1e3"),
             std::string("offset=-1&live=long-poll&cursor=01"),
             std::string("offset=-1&live=long-poll&cursor=1&cursor=2"),
             std::string("offset=-1&live=long-poll&cursor=9007199254740991"),
             std::string("offset=-1&live=long-poll&cursor=18446744073709551616"),
             "offset=-1&live=sse&cursor=" + digits_400,
             std::string("direction=up"),
             std::string("direction=backward&direction=backward"),
             std::string("direction=backward&offset=-1&live=sse"),
             std::string("limit="),
             std::string("limit=0"),
             std::string("limit=-1"),
             std::string("limit=1.0"),
             std::string("limit=10001"),
             std::string("limit=1&limit=1"),
             std::string("limit=1"),
             std::string("offset=-1&live=sse&encoding=x"),
         }) {
        requests.push_back({get, std::string(s).append("?").append(query), {}, {}});
    }
    return requests;
}

std::vector<BadRequest> bad_creations() {
    std::vector<BadRequest> requests;
    const auto with = [&](Headers headers, unsigned status = 400) {
        requests.push_back({put, "/v1/stream/new", std::move(headers), {}, status});
    };
    for (const auto& ttl :
         {std::string("-1"), std::string("+1"), std::string(" 1"), std::string("1 "), std::string("01"),
          std::string("00060"), std::string("1e3"), std::string("1.0"), std::string("0x1"), std::string(""),
          std::string("abc"), std::string("315360001"), std::string("9007199254740992"),
          std::string("9223372036854775808"), std::string("18446744073709551616"), digits_400}) {
        with({{"stream-ttl", ttl}});
    }
    for (const auto* at :
         {"", "tomorrow", "2030-01-01", "2030-01-01T00:00:00", "2030-02-30T00:00:00Z", "2030-13-01T00:00:00Z",
          "2030-01-01T24:00:00Z", "2030-01-01T00:60:00Z", "2030-01-01T00:00:61Z", "2030-01-01 00:00:00Z",
          "2030-01-01T00:00:00.Z", "2030-01-01T00:00:00+1:00", "2030-01-01T00:00:00+24:00", "2030-1-1T0:0:0Z",
          "2030-01-01T00:00:00ZZ", "1893456000"}) {
        with({{"stream-expires-at", at}});
    }
    with({{"stream-ttl", "1"}, {"stream-expires-at", "2030-01-01T00:00:00Z"}});
    with({{"stream-ttl", "1"}, {"stream-ttl", "1"}});
    for (const auto* type :
         {"", "text", "text/", "/plain", "te xt/plain", "text/pl\001ain", "text/plain\r\nx: y", "text/\xc3\xa9"}) {
        with({{"content-type", type}});
    }
    with({{"content-type", "text/" + std::string(300, 'x')}});
    with({{"content-type", "text/plain"}, {"content-type", "text/plain"}});
    with({{"content-encoding", "gzip"}}, 415);
    requests.push_back({put, "/v1/stream/__ds/x", {{"content-type", "text/plain"}}, {}, 404});
    with({{"stream-fork-offset", zeros}});
    with({{"stream-fork-sub-offset", "0"}});
    for (const auto* source : {"", "s", "/s", "/v1/stream/", "/v1/stream/s/", "/v1/stream/%", "/v1/stream/%00",
                               "/v1/stream/../s", "http://host/v1/stream/s", "/v1/stream/s?x=1", "/v1/stream/s#x"}) {
        with({{"stream-forked-from", source}});
    }
    for (const auto& at : {std::string("-1"), std::string("now"), std::string("0"), std::string(""), zeros + "x",
                           std::string("9999999999999999_0000000000000000")}) {
        with({{"stream-forked-from", s}, {"stream-fork-offset", at}});
    }
    for (const auto& sub :
         {std::string("-1"), std::string("1.5"), std::string("05"), std::string("+1"), std::string("9007199254740992"),
          std::string("18446744073709551617"), digits_400, std::string("4")}) {
        with({{"stream-forked-from", s}, {"stream-fork-offset", zeros}, {"stream-fork-sub-offset", sub}});
    }
    return requests;
}

std::vector<BadRequest> bad_appends() {
    std::vector<BadRequest> requests;
    const auto with = [&](Headers headers, unsigned status = 400, const std::string& body = "x") {
        headers.emplace_back("content-type", "text/plain");
        requests.push_back({post, s, std::move(headers), body, status});
    };
    for (const auto& number :
         {std::string("-1"), std::string("+1"), std::string(" 1"), std::string("01"), std::string("1e3"),
          std::string("1abc"), std::string("0xyz"), std::string(""), std::string("9007199254740992"),
          std::string("9223372036854775808"), std::string("18446744073709551616"), digits_400}) {
        with({{"producer-id", "p"}, {"producer-epoch", number}, {"producer-seq", "0"}});
        with({{"producer-id", "p"}, {"producer-epoch", "0"}, {"producer-seq", number}});
    }
    for (const auto& id :
         {std::string(), std::string("a\nb"), std::string("a\0b", 3), std::string("\x80"), std::string(257, 'x')}) {
        with({{"producer-id", id}, {"producer-epoch", "0"}, {"producer-seq", "0"}});
        with({{"stream-seq", id}});
    }
    with({{"producer-id", "p"}});
    with({{"producer-epoch", "0"}});
    with({{"producer-seq", "0"}});
    with({{"producer-id", "p"}, {"producer-epoch", "0"}});
    with({{"producer-id", "p"}, {"producer-seq", "0"}});
    with({{"producer-epoch", "0"}, {"producer-seq", "0"}});
    with({{"producer-id", "p"}, {"producer-id", "p"}, {"producer-epoch", "0"}, {"producer-seq", "0"}});
    with({{"stream-seq", "1"}, {"stream-seq", "2"}});
    with({{"stream-closed", "true"}, {"stream-closed", "false"}});
    with({{"if-match", "*"}});
    with({{"if-match", "\"a\", \"b\""}});
    with({{"if-match", "W/\"a\""}});
    with({{"if-match", "\"a\""}, {"if-match", "\"a\""}});
    with({{"content-encoding", "br"}}, 415);
    with({}, 400, "");
    with({{"content-type", "text/plain"}});
    requests.push_back({post, s, {}, "x"});
    requests.push_back({post, s, {{"content-type", "text"}}, "x"});
    for (const auto* json : {"",           " ",
                             "[]",         "[ ]",
                             "{",          "}",
                             "[",          "]",
                             "[1",         "[1,",
                             "[1,]",       "[,1]",
                             "[1 2]",      "1 2",
                             "{\"a\"}",    "{\"a\":}",
                             "{\"a\":1,}", "{a:1}",
                             "{'a':1}",    "nul",
                             "True",       "NaN",
                             "Infinity",   "01",
                             "1.",         ".1",
                             "+1",         "1e",
                             "-",          "\"",
                             "\"a",        "\"\\x\"",
                             "\"\\u12\"",  "\"\\u12g4\"",
                             "\"\n\"",     "\"\x01\"",
                             "\"\xff\"",   "\xef\xbb\xbf{}",
                             "// c\n1",    "1 // c",
                             "\xc0\x80"}) {
        requests.push_back({post, "/v1/stream/json", {{"content-type", "application/json"}}, json});
    }
    requests.push_back({post, "/v1/stream/json", {{"content-type", "application/json"}}, std::string(100'000, '[')});
    requests.push_back({post, "/v1/stream/json", {{"content-type", "application/json"}}, std::string("\"a\0b\"", 5)});
    return requests;
}

std::vector<BadRequest> bad_methods() {
    return {{Method::other, s, {}, {}, 405},       {Method::other, "/v1/feed", {}, {}, 405},
            {put, "/v1/feed", {}, {}, 405},        {del, "/v1/streams", {}, {}, 405},
            {del, "/v1/stream/none", {}, {}, 404}, {del, s, {{"if-match", "\"x\""}}, {}}};
}

/// All that can be seen of the store.
std::string everything(Surface& surface) {
    return body(surface.get("/v1/streams")) + body(surface.get("/v1/feed")) +
           std::to_string(surface.store->tail().value) + std::to_string(surface.store->stats().commits);
}

void check_all(const std::vector<BadRequest>& requests) {
    Surface surface;
    surface.put(s, "text/plain", "abc");
    surface.put("/v1/stream/json", "application/json", "[1,2]");
    const auto before = everything(surface);
    for (const auto& request : requests) {
        CAPTURE(request.target);
        CAPTURE(request.body.substr(0, 100));

        const auto response = surface.call(request.method, request.target, request.headers, request.body);

        CHECK(response.status == request.status);
        CHECK(header(response, "content-type") == "application/problem+json");
        CHECK(header(response, "cache-control") == "no-store");
        CHECK(header(response, "x-content-type-options") == "nosniff");
        const auto problem = nlohmann::json::parse(body(response));
        CHECK(problem.at("status") == request.status);
        CHECK_FALSE(problem.at("code").get<std::string>().empty());
        CHECK_FALSE(problem.at("detail").get<std::string>().empty());
        REQUIRE(everything(surface) == before);
    }
    CHECK(surface.errors.empty());
}

}  // namespace

TEST_SUITE("bad requests change nothing and are told why") {
    TEST_CASE("bad targets") { check_all(bad_targets()); }
    TEST_CASE("bad queries") { check_all(bad_queries()); }
    TEST_CASE("bad creations") { check_all(bad_creations()); }
    TEST_CASE("bad appends") { check_all(bad_appends()); }
    TEST_CASE("bad methods") { check_all(bad_methods()); }

}  // TEST_SUITE
