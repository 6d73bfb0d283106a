#include "cli/url.hpp"

#include <doctest/doctest.h>

#include "cli/failure.hpp"

using namespace foldback::cli;

TEST_CASE("a base URL gives host, port and path") {
    const auto url = parse_base_url("http://example.org:8080/v1/stream/");
    CHECK(url.host == "example.org");
    CHECK(url.port == "8080");
    CHECK(url.path == "/v1/stream");
    CHECK(parse_base_url("http://example.org/s").port == "80");
    CHECK(parse_base_url("http://localhost:4437").path == "/v1/stream");
    CHECK(parse_base_url("http://[::1]:4437").host == "::1");
    CHECK(parse_base_url("http://[::1]:4437/a").text() == "http://[::1]:4437/a");
    CHECK(BaseUrl{}.text() == "http://localhost:4437/v1/stream");
    CHECK_FALSE(url.tls);
}

TEST_CASE("https is spoken over TLS, at port 443 unless another is named") {
    const auto url = parse_base_url("https://example.org/v1/stream");
    CHECK(url.tls);
    CHECK(url.port == "443");
    CHECK(url.text() == "https://example.org:443/v1/stream");
    CHECK(parse_base_url("https://example.org:8443").port == "8443");
}

TEST_CASE("what is no URL of a server is refused") {
    for (const auto* bad :
         {"", "localhost:4437", "https://", "ftp://a", "http://", "http:///a", "http://a:0", "http://a:65536",
          "http://a:", "http://a:b", "http://[::1", "http://[::1]x", "http://user:secret@a", "https://user:secret@a",
          "http://a/?q", "http://a/#f", "http://a b/", "http://a/\r\nX: y"}) {
        CAPTURE(bad);
        CHECK_THROWS_AS((void)parse_base_url(bad), Failure);
    }
}

TEST_CASE("stream names are percent-encoded but for their slashes") {
    const auto url = parse_base_url("http://h:1/v1/stream");
    CHECK(url.target_of("orders/42") == "/v1/stream/orders/42");
    CHECK(url.target_of("a b?c#d%\xC3\xA9") == "/v1/stream/a%20b%3Fc%23d%25%C3%A9");
    CHECK(encode_query("a/b&c=d") == "a%2Fb%26c%3Dd");
}

TEST_CASE("streams are listed beside the base URL, below what it names") {
    const auto plain = parse_base_url("http://h:1/v1/stream").listing();
    CHECK(plain.target == "/v1/streams");
    CHECK(plain.prefix.empty());
    const auto inside = parse_base_url("http://h:1/v1/stream/eu/shop").listing();
    CHECK(inside.target == "/v1/streams");
    CHECK(inside.prefix == "eu/shop/");
    CHECK_THROWS_AS((void)parse_base_url("http://h:1/other").listing(), Failure);
    CHECK_THROWS_AS((void)parse_base_url("http://h:1/streamline").listing(), Failure);
}
