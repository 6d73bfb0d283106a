#include "http/request_head.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace foldback::server;
using namespace foldback::server::http;
using Outcome = HeadParser::Outcome;

namespace {

constexpr HeadLimits small_limits{.request_line_bytes = 64, .header_bytes = 256, .header_fields = 5};

/// Everything that can be known of a parse.
struct Parse {
    Outcome outcome = Outcome::incomplete;
    unsigned status = 0;
    std::size_t size = 0;
    Request request;
    RequestFraming framing;

    friend bool operator==(const Parse& a, const Parse& b) {
        return a.outcome == b.outcome && a.status == b.status && a.size == b.size &&
               a.request.method == b.request.method && a.request.target == b.request.target &&
               a.request.headers == b.request.headers && a.framing.keep_alive == b.framing.keep_alive &&
               a.framing.chunked == b.framing.chunked && a.framing.content_length == b.framing.content_length;
    }
};

/// Feeds the prefixes that end at `cuts`, then everything; each from memory of its own.
Parse parse(std::string_view head, const std::vector<std::size_t>& cuts = {}, HeadLimits limits = small_limits) {
    HeadParser parser(limits);
    Parse parse;
    std::string input;
    const auto feed = [&](std::size_t size) {
        if (parse.outcome != Outcome::incomplete) return;
        input = std::string(head.substr(0, size));
        parse.outcome = parser.feed(input);
    };
    for (const auto cut : cuts) feed(cut);
    feed(head.size());
    if (parse.outcome == Outcome::refused) parse.status = parser.refusal().status;
    if (parse.outcome == Outcome::complete) {
        parse.size = parser.size();
        parse.framing = parser.framing();
        parse.request = parser.request(input);
    }
    return parse;
}

struct Malformed {
    std::string_view head;
    unsigned status = 400;
};

using namespace std::string_view_literals;

const std::vector<Malformed>& malformed() {
    static const std::vector<Malformed> cases{
        // The request line.
        {"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {" GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"GET /  HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n"},
        {"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"GET /\tHTTP/1.1\r\nHost: a\r\n\r\n"},
        {"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"GET /\r\nHost: a\r\n\r\n"},
        {"GET\r\nHost: a\r\n\r\n"},
        {"GET HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"/ HTTP/1.1\r\nHost: a\r\n\r\n"},
        {" / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"G(T / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"GET: / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"G\0T / HTTP/1.1\r\nHost: a\r\n\r\n"sv},
        {"G\x80T / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"GET / http/1.1\r\nHost: a\r\n\r\n"},
        {"GET / HTTP/1.1x\r\nHost: a\r\n\r\n"},
        {"GET / HTTP/1\r\nHost: a\r\n\r\n"},
        {"GET / HTTP/1.10\r\nHost: a\r\n\r\n"},
        {"GET / HTTP/11\r\nHost: a\r\n\r\n"},
        {"GET / HTTP1.1\r\nHost: a\r\n\r\n"},
        {"GET / HTTP/x.1\r\nHost: a\r\n\r\n"},
        {"GET / HTTP/1.x\r\nHost: a\r\n\r\n"},
        {"GET / HTTP/+1.1\r\nHost: a\r\n\r\n"},
        {"GET / ICY/1.1\r\nHost: a\r\n\r\n"},
        {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
        {"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
        {"GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
        {"\x16\x03\x01\x02\x01\x01\n"},  // a TLS hello
        // The target.
        {"GET a HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"GET * HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"GET ?q HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n"sv},
        {"GET /a\x01 HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"GET /a\x7F HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"GET /\xC3\xA9 HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"GET /a\rb HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"},
        {"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"GET http:/a/ HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"GET http://a?q HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"GET http://a:80/ HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"GET http://a/ HTTP/1.1\r\n\r\n"},
        // Line ends.
        {"GET / HTTP/1.1\nHost: a\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: a\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\n\n"},
        {"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\r\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: a\rY: b\r\n\r\n"},
        // Names.
        {"GET / HTTP/1.1\r\nHost : a\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost\t: a\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\nX Y: b\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\nX(: b\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\n\"X\": b\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\nX\0: b\r\n\r\n"sv},
        {"GET / HTTP/1.1\r\nHost: a\r\nX\xE9: b\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\nX\x7F: b\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\n"},
        // Folding.
        {"GET / HTTP/1.1\r\n Host: a\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\tc\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n \r\n\r\n"},
        // Values.
        {"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"sv},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: \x1B[31m\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: \x7F\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: \x0B\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: \x0C\r\n\r\n"},
        // Host.
        {"GET / HTTP/1.1\r\n\r\n"},
        {"GET / HTTP/1.1\r\nX: a\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\nhOST: b\r\n\r\n"},
        {"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: a?b\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: a\\b\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: \xC3\xA9\r\n\r\n"},
        // Content-Length.
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5,\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -0\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 05\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 00\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5.0\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1e3\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5 5\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5;\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \"5\"\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: five\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999999999999\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\x0B\r\n\r\n"},
        // Transfer-Encoding.
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked,\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunkedx\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;q=1\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\x0B\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\ntransfer-encoding: chunked\r\n\r\n"},
        {"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"},
        // Expect.
        {"POST / HTTP/1.1\r\nHost: a\r\nExpect: something\r\nContent-Length: 5\r\n\r\n", 417},
        {"POST / HTTP/1.1\r\nHost: a\r\nExpect:\r\nContent-Length: 5\r\n\r\n", 417},
        // Limits.
        {"GET /45678901234567890123456789012345678901234567890123456 HTTP/1.1\r\nHost: a\r\n\r\n", 414},
        {"GET /4567890123456789012345678901234567890123456789012345678901234567890123456789", 414},
        {"GET / HTTP/1.1\r\nHost: a\r\n1: a\r\n2: a\r\n3: a\r\n4: a\r\n5: a\r\n\r\n", 431},
    };
    return cases;
}

const std::vector<std::string_view>& well_formed() {
    static const std::vector<std::string_view> cases{
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a/b?x=1&y=%20 HTTP/1.1\r\nhost:a:4437\r\nAccept: */*\r\n\r\n",
        "GET http://A/b?c HTTP/1.1\r\nHost: a\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: [::1]:80\r\nConnection: x , close\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        "DELETE /x HTTP/1.1\r\nHost: a\r\nX: \t a\xC3\xA9 b \t\r\nX:\r\n\r\n",
    };
    return cases;
}

}  // namespace

TEST_CASE("a head that two parsers could read differently is refused") {
    CHECK(malformed().size() >= 100);
    MESSAGE(malformed().size(), " cases");
    for (const auto& [head, status] : malformed()) {
        const auto& tried = head;  // clang 14 lets no lambda have a structured binding
        CAPTURE(tried);
        const auto result = parse(head);
        CHECK(result.outcome == Outcome::refused);
        CHECK(result.status == status);
    }
}

TEST_CASE("what becomes of a head does not depend on how it was divided") {
    std::vector<std::string_view> heads = well_formed();
    for (const auto& [head, status] : malformed()) heads.push_back(head);
    for (const auto head : heads) {
        CAPTURE(head);
        const auto whole = parse(head);
        std::vector<std::size_t> every_byte;
        for (std::size_t cut = 0; cut <= head.size(); ++cut) {
            CHECK(parse(head, {cut}) == whole);
            every_byte.push_back(cut);
        }
        CHECK(parse(head, every_byte) == whole);
    }
}

TEST_CASE("a well-formed head is complete with its last byte and not before") {
    for (const auto head : well_formed()) {
        CAPTURE(head);
        for (std::size_t size = 0; size < head.size(); ++size) {
            CHECK(parse(head.substr(0, size)).outcome == Outcome::incomplete);
        }
        CHECK(parse(head).outcome == Outcome::complete);
        CHECK(parse(head).size == head.size());
        CHECK(parse(std::string(head) + "GET /next HTTP/1.1\r\n").size == head.size());
    }
}

TEST_CASE("a request has its method, target and headers in order, with names in lower case and values trimmed") {
    const auto request = parse("PUT /a/b?x=%20 HTTP/1.1\r\nHost: a\r\nX-One: \t1 2 \r\nx-ONE:\r\n\r\n").request;

    CHECK(request.method == Method::put);
    CHECK(request.target == "/a/b?x=%20");
    REQUIRE(request.headers.size() == 3);
    CHECK(request.headers[0] == std::pair<std::string, std::string>("host", "a"));
    CHECK(request.headers[1] == std::pair<std::string, std::string>("x-one", "1 2"));
    CHECK(request.headers[2] == std::pair<std::string, std::string>("x-one", ""));
}

TEST_CASE("an absolute target is reduced to its path") {
    CHECK(parse("GET http://A:80/b?c HTTP/1.1\r\nHost: a:80\r\n\r\n").request.target == "/b?c");
    CHECK(parse("GET HTTPS://a HTTP/1.1\r\nHost: A\r\n\r\n").request.target == "/");
}

TEST_CASE("a method that the server does not know is a request all the same") {
    CHECK(parse("PATCH / HTTP/1.1\r\nHost: a\r\n\r\n").request.method == Method::other);
    CHECK(parse("get / HTTP/1.1\r\nHost: a\r\n\r\n").request.method == Method::other);
}

TEST_CASE("the connection goes on as version and Connection header say") {
    const auto keeps = [](std::string_view head) { return parse(head).framing.keep_alive; };

    CHECK(keeps("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK(keeps("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n\r\n"));
    CHECK_FALSE(keeps("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    CHECK_FALSE(keeps("GET / HTTP/1.1\r\nHost: a\r\nConnection: foo,CLOSE\r\n\r\n"));
    CHECK_FALSE(keeps("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n"));
    CHECK_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
    CHECK(keeps("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    CHECK_FALSE(keeps("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n"));
}

TEST_CASE("a body is announced by its length or as chunked") {
    CHECK_FALSE(parse("GET / HTTP/1.1\r\nHost: a\r\n\r\n").framing.has_body());
    CHECK_FALSE(parse("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").framing.has_body());
    CHECK(parse("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n").framing.content_length == 12);
    CHECK(parse("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n").framing.content_length ==
          UINT64_MAX);
    CHECK(parse("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").framing.chunked);
}

TEST_CASE("an expectation counts in HTTP/1.1 only") {
    CHECK(parse("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n").framing.expects_continue);
    CHECK_FALSE(parse("POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n").framing.expects_continue);
}

TEST_CASE("a request line may be as long as its limit") {
    const std::string fits = "GET /" + std::string(64 - 14, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
    const std::string too_long = "GET /" + std::string(64 - 13, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";

    CHECK(parse(fits).outcome == Outcome::complete);
    CHECK(parse(too_long).status == 414);
}

TEST_CASE("header lines may be as large as their limit, together and alone") {
    const auto with_value = [](std::size_t size) {
        return "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(size, 'a') + "\r\n\r\n";
    };
    const std::size_t around_value = std::string_view("Host: a\r\nX: \r\n\r\n").size();

    CHECK(parse(with_value(256 - around_value)).outcome == Outcome::complete);
    CHECK(parse(with_value(256 - around_value + 1)).status == 431);
    CHECK(parse("GET / HTTP/1.1\r\nX: " + std::string(300, 'a')).status == 431);
}

TEST_CASE("a head within its limits is never larger than the buffer made for it") {
    const std::string line = "GET /" + std::string(64 - 14, 'a') + " HTTP/1.1\r\n";
    const std::string fields = "Host: a\r\nX: " + std::string(256 - 16, 'a') + "\r\n\r\n";
    const auto head = "\r\n" + line + fields;

    CHECK(parse(head).outcome == Outcome::complete);
    CHECK(head.size() == HeadParser::max_size(small_limits));
}

TEST_CASE("a parser reads one head after another") {
    HeadParser parser(small_limits);
    const std::string first = "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\n";
    const std::string second = "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n";

    REQUIRE(parser.feed(first) == Outcome::complete);
    parser.reset();
    REQUIRE(parser.feed(second) == Outcome::complete);

    CHECK(parser.request(second).target == "/2");
    CHECK_FALSE(parser.framing().has_body());
    CHECK(parser.framing().keep_alive);
}
