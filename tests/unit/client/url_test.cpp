#include "client/url.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

using foldback::client::detail::add_parameter;
using foldback::client::detail::encode_path;
using foldback::client::detail::parse_url;

TEST_CASE("a URL is taken apart into whom to connect to and what to ask for") {
    const auto url = parse_url("HTTPS://streams.example:8443/v1/stream/a b?tenant=7");

    CHECK(url.endpoint.tls);
    CHECK(url.endpoint.host == "streams.example");
    CHECK(url.endpoint.port == "8443");
    CHECK(url.path == "/v1/stream/a%20b");
    CHECK(url.query == "tenant=7");
    CHECK(url.text() == "https://streams.example:8443/v1/stream/a%20b");
}

TEST_CASE("a URL without port and path has the scheme's port and the path /") {
    CHECK(parse_url("http://localhost").endpoint.port == "80");
    CHECK(parse_url("https://localhost?x=1").endpoint.port == "443");
    CHECK(parse_url("http://localhost").path == "/");
    CHECK(parse_url("http://localhost").endpoint.authority() == "localhost");
}

TEST_CASE("an address of IPv6 keeps its brackets in the Host header only") {
    const auto url = parse_url("http://[::1]:4437/s");

    CHECK(url.endpoint.host == "::1");
    CHECK(url.endpoint.authority() == "[::1]:4437");
}

TEST_CASE("what is no URL of a stream is refused") {
    for (const char* text :
         {"", "localhost/x", "ftp://a/b", "http://", "http:///x", "http://a:0/", "http://a:65536/", "http://a:x/",
          "http://user:secret@a/", "http://a/x#y", "http://a/\n", "http://[::1/x", "http://a b/"}) {
        CAPTURE(text);
        CHECK_THROWS_AS((void)parse_url(text), std::invalid_argument);
    }
}

TEST_CASE("a parameter is percent-encoded") {
    std::string query;
    add_parameter(query, "offset", "1_2");
    add_parameter(query, "q&", "a=b ü");

    CHECK(query == "offset=1_2&q%26=a%3Db%20%C3%BC");
}

TEST_CASE("a path is percent-encoded but for its slashes, as signatures want it") {
    CHECK(encode_path("/a-b_c.d~/e") == "/a-b_c.d~/e");
    CHECK(encode_path("a!'()*$ \xC3\xA4") == "a%21%27%28%29%2A%24%20%C3%A4");
    CHECK(encode_path("a b/%?#") == "a%20b/%25%3F%23");
}
