#include <doctest/doctest.h>

#include <set>

#include "foldback/server/api.hpp"
#include "foldback/store/log_store.hpp"
#include "server/abuse/strict_reply.hpp"
#include "server/http/served.hpp"

using namespace foldback;
using namespace foldback::server;
using namespace foldback::server::testing;

/// What well-framed requests may say to the protocol.
namespace {

struct Protocol {
    Protocol() {
        HttpServerOptions options = on_any_port();
        server.emplace(api, options);
        server->start();
        ask("PUT /v1/stream/json", "Content-Type: application/json", "[1]");
        ask("PUT /v1/stream/text", "Content-Type: text/plain", "x");
        before = ask("GET /v1/streams", "", "").body;
    }

    /// One request on a connection of its own, its reply parsed strictly.
    StrictReply ask(const std::string& line, const std::string& headers, const std::string& body) {
        RawClient client(server->port());
        auto request =
            line + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + headers + (headers.empty() ? "" : "\r\n");
        if (!body.empty()) request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
        client.try_send(request + "\r\n" + body);
        ++cases;
        const auto replies = parse_strictly(client.receive_all());
        REQUIRE(replies.size() == 1);
        return replies.front();
    }

    ~Protocol() { MESSAGE(cases, " cases"); }

    /// Whether refusals have left everything as it was.
    bool is_untouched() { return ask("GET /v1/streams", "", "").body == before; }

    std::unique_ptr<LogStore> store = LogStore::in_memory({});
    Api api{*store, {}, system_clock()};
    std::optional<HttpServer> server;
    std::string before;
    unsigned cases = 0;  ///< requests that were sent
};

}  // namespace

TEST_CASE("a path is refused or stands for one stream, however it is spelled") {
    Protocol protocol;
    const std::string segment(2'000, 'a');
    for (const auto& path : {std::string("%"),      std::string("%4"),        std::string("%zz"),
                             std::string("%00"),    std::string("a%00b"),     std::string("%0d%0a"),
                             std::string("%7f"),    std::string("%c0%af"),    std::string("%c0%ae%c0%ae/a"),
                             std::string("%ff"),    std::string("%ed%a0%80"), std::string("%f4%90%80%80"),
                             std::string("%e2%82"), std::string("%2e%2e"),    std::string("%2e%2e%2fa"),
                             std::string(".."),     std::string("a/../b"),    std::string("a/./b"),
                             std::string("a//b"),   std::string("/a"),        std::string("a/"),
                             std::string(""),       std::string("a%2F%2Fb"),  std::string("a%5cb"),
                             std::string("a\\b"),   std::string("..%5ca"),    segment}) {
        CAPTURE(path);
        CHECK(protocol.ask("PUT /v1/stream/" + path, "Content-Type: text/plain", "").status == 400);
        CHECK(protocol.ask("GET /v1/stream/" + path, "", "").status == 400);
        CHECK(protocol.ask("DELETE /v1/stream/" + path, "", "").status == 400);
    }
    for (const auto* path : {"__ds/x", "__ds", "%5F_ds/x", "__ds%2Fx", "%5f%5f%64%73/x"}) {
        CAPTURE(path);
        CHECK(protocol.ask(std::string("PUT /v1/stream/") + path, "Content-Type: text/plain", "").status == 404);
    }
    CHECK(protocol.is_untouched());
    for (const auto* path : {"a;b", "a:b", "a@b", "a%3Fb", "a%23b", "a%25b", "%E2%82%AC", "*", "**", "a b%20c"}) {
        const bool has_blank = std::string_view(path).find(' ') != std::string_view::npos;
        CAPTURE(path);
        CHECK(protocol.ask(std::string("PUT /v1/stream/") + path, "Content-Type: text/plain", "").status ==
              (has_blank ? 400 : 201));
    }
    for (const auto* same : {"orders/42", "orders%2f42", "%6frders/42", "orders/%34%32"}) {
        CAPTURE(same);
        const bool is_first = std::string_view(same) == "orders/42";
        CHECK(protocol.ask(std::string("PUT /v1/stream/") + same, "Content-Type: text/plain", "").status ==
              (is_first ? 201 : 200));
    }
}

TEST_CASE("header values with bytes that do not belong there are refused, and none comes back in a reply") {
    Protocol protocol;
    const std::string type = "Content-Type: text/plain\r\n";
    const std::string producer = "Producer-Epoch: 0\r\nProducer-Seq: 0\r\nProducer-Id: ";
    for (const std::string bad : {"a\x80", "\xC3\xA9", "\xFF"}) {
        CAPTURE(bad);
        CHECK(protocol.ask("POST /v1/stream/text", type + producer + bad, "y").status == 400);
        CHECK(protocol.ask("POST /v1/stream/text", type + "Stream-Seq: " + bad, "y").status == 400);
        CHECK(protocol.ask("PUT /v1/stream/new", "Content-Type: text/" + bad, "").status == 400);
        const auto fork = protocol.ask("PUT /v1/stream/new", type + "Stream-Forked-From: /v1/stream/" + bad, "");
        CHECK(fork.status ==
              (bad == "\xC3\xA9" ? 404 : 400));  // a path may be written in UTF-8: there is none of that name
    }
    CHECK(protocol.ask("POST /v1/stream/text", type + producer + std::string(257, 'p'), "y").status == 400);
    CHECK(protocol.ask("POST /v1/stream/text", type + producer, "y").status == 400);
    CHECK(protocol.ask("POST /v1/stream/text", type + "Stream-Seq: " + std::string(257, 's'), "y").status == 400);
    CHECK(protocol.ask("PUT /v1/stream/new", "Content-Type: text/html\"><script>", "").status == 400);
    CHECK(protocol.ask("PUT /v1/stream/new", "Content-Type: " + std::string(300, 't') + "/x", "").status == 400);
    for (const auto* target : {"%0d%0aX-Evil:%20y", "a%0aSet-Cookie:x", "%00"}) {
        CAPTURE(target);
        CHECK(protocol.ask(std::string("GET /v1/stream/text?offset=") + target, "", "").status == 400);
        CHECK(
            protocol.ask(std::string("GET /v1/stream/text?offset=-1&live=long-poll&cursor=") + target, "", "").status ==
            400);
        CHECK(protocol.ask("PUT /v1/stream/new", type + "Stream-Forked-From: /v1/stream/" + target, "").status == 400);
    }
    CHECK(protocol.is_untouched());
}

TEST_CASE("a number that is no plain one, or too large, is refused wherever it stands") {
    Protocol protocol;
    const std::string type = "Content-Type: text/plain\r\n";
    for (const std::string& bad :
         {std::string("-1"), std::string("+1"), std::string("01"), std::string("1e3"), std::string("1.0"),
          std::string("0x1"), std::string("9007199254740992"), std::string("9223372036854775808"),
          std::string("18446744073709551616"), std::string("NaN"), std::string("Infinity"), std::string("1 2"),
          std::string("1,2"), std::string(400, '9')}) {
        CAPTURE(bad);
        const auto status = [&](const std::string& line, const std::string& headers, const std::string& body) {
            return protocol.ask(line, headers, body).status;
        };
        CHECK(status("PUT /v1/stream/new", type + "Stream-TTL: " + bad, "") == 400);
        CHECK(status("POST /v1/stream/text", type + "Producer-Id: p\r\nProducer-Seq: 0\r\nProducer-Epoch: " + bad,
                     "y") == 400);
        CHECK(status("POST /v1/stream/text", type + "Producer-Id: p\r\nProducer-Epoch: 0\r\nProducer-Seq: " + bad,
                     "y") == 400);
        CHECK(status("PUT /v1/stream/new",
                     type + "Stream-Forked-From: /v1/stream/text\r\nStream-Fork-Sub-Offset: " + bad, "") == 400);
        if (bad.find(' ') != std::string::npos) continue;
        const auto encoded = bad == "+1" ? "%2B1" : bad;
        CHECK(status("GET /v1/stream/json?limit=" + encoded, "", "") == 400);
        if (bad != "-1") CHECK(status("GET /v1/stream/text?offset=" + encoded, "", "") == 400);
        CHECK(status("GET /v1/stream/text?offset=-1&live=long-poll&cursor=" + encoded, "", "") == 400);
        if (bad != "-1") CHECK(status("GET /v1/feed?position=" + encoded, "", "") == 400);
    }
    CHECK(protocol.is_untouched());
}

TEST_CASE("a JSON body is refused, or stored byte for byte") {
    Protocol protocol;
    using namespace std::string_literals;
    const auto append = [&](const std::string& body) {
        return protocol.ask("POST /v1/stream/json", "Content-Type: application/json", body).status;
    };
    const auto nested = [](const std::string& open, std::size_t times) {
        std::string all;
        for (std::size_t i = 0; i < times; ++i) all += open;
        return all;
    };
    for (const auto& bad : {nested("[", 1'000'000),
                            nested(R"({"a":)", 1'000'000),
                            nested("[", 200) + nested("]", 200),
                            "\"\xFF\""s,
                            "\"\xC3\""s,
                            "\"\xED\xA0\x80\""s,
                            "\"a\0b\""s,
                            "\"\n\""s,
                            "\xEF\xBB\xBF[1]"s,
                            "[1,]"s,
                            "[1 2]"s,
                            "{\"a\":1,}"s,
                            "{a:1}"s,
                            "'a'"s,
                            "01"s,
                            "+1"s,
                            ".5"s,
                            "1."s,
                            "NaN"s,
                            "Infinity"s,
                            "tru"s,
                            "[1]]"s,
                            "//\n1"s,
                            "\"\\x41\""s,
                            "\"\\u12\""s,
                            ""s,
                            " "s,
                            "[]"s}) {
        CAPTURE(bad.substr(0, 40));
        CHECK(append(bad) == 400);
    }
    CHECK(append(nested("\"\",", 4'000'000)) == 413);
    CHECK(append("[" + nested("\"\",", 2'000'000) + "\"\"]") == 413);
    CHECK(protocol.is_untouched());
    const std::vector<std::string> kept{
        "1e400", "12345678901234567890123456789", R"({"a":1,"a":2})", R"("\ud800")", R"("\u0000")",
        "-0.0",  "\"\xF4\x8F\xBF\xBF\""};
    std::string expected = "[1";
    for (const auto& message : kept) {
        CHECK(append("[" + message + "]") == 204);
        expected += "," + message;
    }
    CHECK(protocol.ask("GET /v1/stream/json", "", "").body == expected + "]");
    const std::string large = "\"" + std::string((8 << 20) - 10, 'x') + "\"";
    CHECK(append(large) == 204);
}

TEST_CASE("a body that is compressed is not taken") {
    Protocol protocol;
    for (const auto* encoding : {"gzip", "deflate", "br", "zstd", "gzip, gzip", "x-gzip"}) {
        CAPTURE(encoding);
        const auto headers = std::string("Content-Type: text/plain\r\nContent-Encoding: ") + encoding;
        CHECK(protocol.ask("POST /v1/stream/text", headers, "\x1F\x8B").status == 415);
        CHECK(protocol.ask("PUT /v1/stream/new", headers, "\x1F\x8B").status == 415);
    }
    CHECK(protocol.is_untouched());
}
