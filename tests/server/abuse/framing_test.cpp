#include <doctest/doctest.h>

#include <algorithm>

#include "server/abuse/strict_reply.hpp"
#include "server/http/served.hpp"

using namespace foldback::server;
using namespace foldback::server::testing;

/// Requests that two parsers could read differently. After each comes a canary: a whole request that must never be
/// executed, because the connection has to end with the refusal.
namespace {

const std::string canary = "GET /canary HTTP/1.1\r\nHost: a\r\n\r\n";

struct Refused {
    std::string what;
    std::string bytes;
    unsigned status = 400;
};

/// Many cases of one kind: each text put in the place of `@`.
std::vector<Refused> each(const std::string& what, const std::string& pattern, const std::vector<std::string>& texts,
                          unsigned status = 400) {
    std::vector<Refused> cases;
    const auto at = pattern.find('@');
    for (const auto& text : texts) {
        cases.push_back({what + ": " + text, pattern.substr(0, at) + text + pattern.substr(at + 1), status});
    }
    return cases;
}

std::string post(const std::string& headers) { return "POST /first HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n"; }

std::string chunked(const std::string& body) { return post("Transfer-Encoding: chunked\r\n") + body; }

std::vector<std::vector<Refused>> all_cases() {
    using namespace std::string_literals;
    return {
        each("a length that is no plain number", post("Content-Length: @\r\n"),
             {"",
              "+5",
              "-5",
              "-0",
              "05",
              "00",
              "0x5",

              "5,5",
              "5, 5",
              "5;5",
              "5.0",
              "5e0",
              "1_0",
              "five",
              "\"5\"",
              "5\t5",
              "0 5",
              "18446744073709551616",
              "99999999999999999999999",
              "4294967296 0",
              "\x35\xC2\xA0",
              "\xD9\xA5",
              "5\x01"}),
        each("a length that is said twice", post("Content-Length: 5\r\n@\r\n"),
             {"Content-Length: 5", "Content-Length: 6", "content-length: 5", "CONTENT-LENGTH: 0", "Content-Length:5",
              "Content-Length:"}),
        each("a transfer encoding that is not exactly chunked", post("Transfer-Encoding: @\r\n"),
             {"",
              "chunked, chunked",
              "gzip, chunked",
              "chunked, gzip",
              "identity",
              "chunked, identity",
              "gzip",
              "deflate",
              "Chunked",
              "CHUNKED",
              "chunke",
              "chunkedd",
              "chunked;",
              "chunked;q=1",
              "x chunked",
              "\"chunked\"",
              "chunked,",
              ",chunked",
              "xchunked",
              "chunked\x0B",
              "\x0B"
              "chunked",
              "chunked\x80",
              "chun\tked",
              "'chunked'",
              "null"}),
        each("a transfer encoding that is said twice", post("Transfer-Encoding: chunked\r\n@\r\n"),
             {"Transfer-Encoding: chunked", "Transfer-Encoding: identity", "transfer-encoding: gzip",
              "Transfer-Encoding:"}),
        each("both a length and a transfer encoding", post("@\r\n") + "0\r\n\r\n",
             {"Content-Length: 5\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 5",
              "Content-Length: 0\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\ncontent-length: 0",
              "Transfer-Encoding: chunked\r\nX: y\r\nContent-Length: 48"}),
        each("a header name that is no token directly before its colon", post("@\r\n"),
             {"Content-Length : 5",
              "Content-Length\t: 5",
              "Transfer-Encoding : chunked",
              " Content-Length: 5",
              "\tX: y",
              ": y",
              "X",
              "X y: z",
              "X\x01: y",
              "X\x7F: y",
              "X\x80: y",
              "X(y): z",
              "X/y: z",
              "X@y: z",
              "X[y]: z",
              "X{y}: z",
              "X\"y: z",
              "X,y: z",
              "X;y: z",
              "X=y: z",
              "X?y: z",
              "X\\y: z",
              "X<y>: z",
              "\xEF\xBB\xBFX: y"}),
        each("a header value with a control", post("X: @\r\n"),
             {"a\rb", "a\r", "a\x01", "a\x0B", "a\x0C", "a\x1B", "a\x7F", "a\0b"s, "\x08"}),
        each("a line that does not end with CR and LF", "POST /first HTTP/1.1@",
             {"\nHost: a\r\n\r\n", "\r\nHost: a\n\r\n", "\r\nHost: a\r\n\n", "\r\nHost: a\r\r\n\r\n",
              "\r\nHost: a\r\nX: y\n\nGET /canary HTTP/1.1\r\n\r\n", "\r\nHost: a\n\n", "\n\n",
              "\r\r\nHost: a\r\n\r\n"}),
        each("a folded header", "GET /first HTTP/1.1\r\nHost: a\r\nX: y\r\n@\r\n\r\n",
             {" z", "\tz", " Content-Length: 5", " \t", "  Transfer-Encoding: chunked"}),
        each("a request line that is not one", "@\r\nHost: a\r\n\r\n",
             {"GET",
              "GET /first",
              "GET  HTTP/1.1",
              "GET /first HTTP/1.1 ",
              "GET /first  HTTP/1.1x",
              "GET /first HTTP/1.1 x",
              "GET /fi rst HTTP/1.1",
              " GET /first HTTP/1.1",
              "GET\t/first\tHTTP/1.1",
              "GET /first http/1.1",
              "GET /first HTTP/1",
              "GET /first HTTP/1.10",
              "GET /first HTTP/11",
              "GET /first HTTP/1.",
              "GET /first HTTP/+1.1",
              "GET /first HTTP/1,1",
              "GET /first HTTPS/1.1",
              "GET /first ICY/1.1",
              "G(T /first HTTP/1.1",
              "G\x80T /first HTTP/1.1",
              "\"GET\" /first HTTP/1.1",
              "GET /first\x01 HTTP/1.1",
              "GET /first\x7F HTTP/1.1",
              "GET /first\x80 HTTP/1.1",
              "GET /fir\0st HTTP/1.1"s,
              "GET first HTTP/1.1",
              "GET ? HTTP/1.1",
              "GET #x HTTP/1.1",
              "GET /first#x HTTP/1.1",
              "GET * HTTP/1.1",
              "GET a:443 HTTP/1.1",
              "CONNECT a:443 HTTP/1.1",
              "GET http:///first HTTP/1.1",
              "GET http://b@a/first HTTP/1.1",
              "GET http://b/first HTTP/1.1",
              "GET ftp://a/first HTTP/1.1"}),
        each("a version that is not spoken", "GET /first @\r\nHost: a\r\n\r\n",
             {"HTTP/0.9", "HTTP/1.2", "HTTP/2.0", "HTTP/3.0", "HTTP/9.9"}, 505),
        each("a host that is missing, said twice or none", "GET /first HTTP/1.1\r\n@\r\n",
             {"", "Host: a\r\nHost: a\r\n", "Host: a\r\nhost: b\r\n", "Host: a, b\r\n", "Host: a/b\r\n",
              "Host: a@b\r\n", "Host: a b\r\n", "Host: a?b\r\n", "Host: a#b\r\n", "Host: a\\b\r\n", "Host: \"a\"\r\n",
              "Host: <a>\r\n", "Host: a\x80\r\n"}),
        each("a body with HTTP/1.0's transfer encoding", "POST /first HTTP/1.0\r\n@\r\n0\r\n\r\n",
             {"Transfer-Encoding: chunked\r\n", "Host: a\r\nTransfer-Encoding: chunked\r\n"}),
        each("a chunk size that is no plain number", chunked("@\r\nhello\r\n0\r\n\r\n"),
             {"",
              "5 ",
              " 5",
              "+5",
              "-5",
              "0x5",
              "5;",
              "5;a=b",
              "5;a=\"\r\n\"",
              "5 ;a",
              "g",
              "5g",
              "5\t",
              "\x35\x80",
              "5,5",
              "5.0",
              "00000000000000005",
              "10000000000000005",
              "5\r",
              "5\n",
              "\xEF\xBC\x95"}),
        each("a chunk that does not end where it says", chunked("@"),
             {"5\r\nhello0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5\r\nhello\r0\r\n\r\n", "5\r\nhello\r\r\n0\r\n\r\n",
              "5\nhello\r\n0\r\n\r\n", "5\rhello\r\n0\r\n\r\n", "5\r\nhellohello\r\n0\r\n\r\n", "5\r\nhello\r\n0\n\n",
              "5\r\nhello\r\n0\r\n\n", "0\r\r\n\r\n", "0\r\n\r\r\n"}),
        each("a chunk extension, or what looks like one", chunked("@"),
             {"5;\nhello\r\n0\r\n\r\n",
              "5;a\nhello\r\n0\r\n\r\n",
              "5;a=b\nhello\r\n0\r\n\r\n",
              "5;\n\r\nhello\r\n0\r\n\r\n",
              "5;\rhello\r\n0\r\n\r\n",
              "5;\r\r\nhello\r\n0\r\n\r\n",
              "5;a=\"\n\"\r\nhello\r\n0\r\n\r\n",
              "5\n;\r\nhello\r\n0\r\n\r\n",
              "5\r;\nhello\r\n0\r\n\r\n",
              "5;\nxx\r\n4c\r\n0\r\n\r\n",
              "2;\nxx\r\n2d\r\n0\r\n\r\n",
              "5\r\nhello\r\n0;\n\r\n",
              "5\r\nhello\r\n0;a\n\n",
              "5\r\nhello\r\n0;\r\n\r\n",
              "5\r\nhello\r\n0\n\r\n",
              "0;\n\nGET /canary HTTP/1.1\r\nHost: a\r\n\r\n",
              "0;a=b\r\n\r\n",
              ";\r\nhello\r\n0\r\n\r\n",
              ";\nhello\r\n0\r\n\r\n",
              "5;" + std::string(300, 'a') + "\nhello\r\n0\r\n\r\n",
              "5;\0\nhello\r\n0\r\n\r\n"s}),
        each("a last chunk that is not one", chunked("5\r\nhello\r\n@\r\n\r\n"),
             {"0 ", " 0", "\t0", "0\t", "-0", "+0", "0x0", "0,0", "0.0", "0:", "0=", "0#", "0/", "00000000000000000",
              "O", "0\0"s, "0\x01", "0\x80"}),
        each("a header that hides another behind a control", post("X: y@\r\n"),
             {"\rContent-Length: 5", "\r\rContent-Length: 5", "\0Content-Length: 5"s,
              "\x0B"
              "Content-Length: 5",
              "\x0C"
              "Content-Length: 5",
              "\x1C"
              "Content-Length: 5",
              "\x7F"
              "Content-Length: 5",
              "\rTransfer-Encoding: chunked", "\0Transfer-Encoding: chunked"s, "\x0BTransfer-Encoding: chunked",
              "\x0CTransfer-Encoding: chunked", "\x1FTransfer-Encoding: chunked", "\nContent-Length: 5",
              "\n\nGET /canary HTTP/1.1\r\nHost: a"}),
        each("a trailer", chunked("5\r\nhello\r\n0\r\n@\r\n\r\n"),
             {"X: y", "Content-Length: 5", "Transfer-Encoding: chunked", "Host: b", " ", "GET /canary HTTP/1.1",
              "Authorization: Bearer x"}),
        each("an expectation that is not served", post("Content-Length: 5\r\nExpect: @\r\n"),
             {"200-ok", "100-continue, 100-continue", "nothing", "100"}, 417),
    };
}

/// A connection that is refused: what came, and what was executed.
void check_refused(Served& served, const Refused& refused) {
    CAPTURE(refused.what);
    auto client = served.connect();
    client.try_send(refused.bytes + canary);
    std::vector<StrictReply> replies;
    REQUIRE_NOTHROW(replies = parse_strictly(client.receive_all()));
    std::erase_if(replies, [](const StrictReply& reply) { return reply.status == 100; });

    REQUIRE(replies.size() == 1);
    CHECK(replies.front().status == refused.status);
    CHECK(replies.front().header("connection") == "close");
    CHECK(replies.front().header("content-type") == "application/problem+json");
}

}  // namespace

TEST_CASE("more than 250 ambiguous requests are refused, and what follows them is not executed") {
    Served served;
    (void)served.start();
    std::size_t cases = 0;
    for (const auto& kind : all_cases()) {
        for (const auto& refused : kind) {
            check_refused(served, refused);
            ++cases;
        }
    }

    MESSAGE(cases, " cases");
    CHECK(cases >= 250);
    CHECK(served.handler.handled().empty());
}

TEST_CASE("the canary sings: after a request that is not ambiguous the next one is executed") {
    Served served;
    (void)served.start();
    const std::vector<std::pair<std::string, std::string>> good{
        {"GET /first HTTP/1.1\r\nHost: a\r\n\r\n", "/first "},
        {"\r\nGET /first HTTP/1.1\r\nHost: a\r\n\r\n", "/first "},
        {"GET http://a/first HTTP/1.1\r\nHost: A\r\n\r\n", "/first "},
        {post("Content-Length: 0\r\n"), "/first "},
        {post("Content-Length: 5\r\n") + "hello", "/first hello"},
        {post("cONTENT-lENGTH:5\r\n") + "hello", "/first hello"},
        {post("Content-Length: \t 5 \t \r\n") + "hello", "/first hello"},
        {post("Content-Length: " + std::to_string(canary.size()) + "\r\n") + canary, "/first " + canary},
        {chunked("0\r\n\r\n"), "/first "},
        {chunked("5\r\nhello\r\n0\r\n\r\n"), "/first hello"},
        {chunked("0000000000000005\r\nhello\r\n000\r\n\r\n"), "/first hello"},
        {chunked("A\r\nhellohello\r\na\r\n0123456789\r\n0\r\n\r\n"), "/first hellohello0123456789"},
        {post("X:\r\nX:  \r\nX: \x80\t\xFF\r\nContent-Length: 0\r\n"), "/first "},
    };

    for (const auto& [bytes, echo] : good) {
        const auto& tried = bytes;  // clang 14 lets no lambda have a structured binding
        CAPTURE(tried);
        auto client = served.connect();
        client.send(bytes + canary);
        client.finish_sending();
        const auto replies = parse_strictly(client.receive_all());

        REQUIRE(replies.size() == 2);
        CHECK(replies[0].body == echo);
        CHECK(replies[1].body == "/canary ");
    }
}
