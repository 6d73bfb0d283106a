#include "s3/location.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

namespace foldback::s3 {

TEST_CASE("a URL names a bucket and what all names in it begin with") {
    CHECK(parse_location("s3://bucket").prefix.empty());
    CHECK(parse_location("s3://bucket/").prefix.empty());
    CHECK(parse_location("s3://my.bucket-2/a").bucket == "my.bucket-2");
    CHECK(parse_location("s3://bucket/a/b").prefix == "a/b/");
    CHECK(parse_location("s3://bucket/a/b/").prefix == "a/b/");
}

TEST_CASE("a URL that names no bucket, or a prefix that servers might read differently, is refused") {
    for (const std::string url : {"",
                                  "bucket",
                                  "http://bucket",
                                  "s3:/bucket",
                                  "s3://",
                                  "s3:///a",
                                  "s3://ab",
                                  "s3://-ab",
                                  "s3://a..b",
                                  "s3://Bucket",
                                  "s3://user:secret@bucket",
                                  "s3://bucket//a",
                                  "s3://bucket/a//b",
                                  "s3://bucket/..",
                                  "s3://bucket/a/./b",
                                  "s3://bucket/a b",
                                  "s3://bucket/a?b",
                                  "s3://bucket/a#b",
                                  "s3://bucket/a%20b",
                                  "s3://bucket/\xC3\xA4"}) {
        CAPTURE(url);
        CHECK_THROWS_AS((void)parse_location(url), std::invalid_argument);
    }
    CHECK_THROWS_AS((void)parse_location("s3://" + std::string(64, 'a')), std::invalid_argument);
    CHECK_THROWS_AS((void)parse_location("s3://bucket/" + std::string(600, 'a')), std::invalid_argument);
}

TEST_CASE("a bucket is a host at Amazon's, and a path where an endpoint is named or no certificate would fit") {
    CHECK(url_of_bucket("bucket", {.region = "eu-west-1"}).text() == "https://bucket.s3.eu-west-1.amazonaws.com/");
    CHECK(url_of_bucket("my.bucket", {}).text() == "https://s3.us-east-1.amazonaws.com/my.bucket/");
    CHECK(url_of_bucket("bucket", {.endpoint = "http://127.0.0.1:9000"}).text() == "http://127.0.0.1:9000/bucket/");
    CHECK(url_of_bucket("bucket", {.endpoint = "https://s3.example/"}).text() == "https://s3.example/bucket/");
}

TEST_CASE("a password in an endpoint is refused, and not repeated") {
    for (const auto* endpoint : {"https://user:words@s3.example", "user:words@s3.example"}) {
        CAPTURE(endpoint);
        try {
            (void)url_of_bucket("bucket", {.endpoint = endpoint});
            FAIL("it was taken");
        } catch (const std::invalid_argument& error) {
            CHECK(std::string(error.what()).find("words") == std::string::npos);
        }
    }
}

TEST_CASE("an endpoint that is more than a server, and a region that is no name, are refused") {
    for (const auto* endpoint : {"s3.example", "ftp://s3.example", "https://s3.example/path", "https://s3.example?a",
                                 "https://user:secret@s3.example"}) {
        CAPTURE(endpoint);
        CHECK_THROWS_AS((void)url_of_bucket("bucket", {.endpoint = endpoint}), std::invalid_argument);
    }
    for (const auto* region : {"", "a/b", "a b", "a.example/"}) {
        CAPTURE(region);
        CHECK_THROWS_AS((void)url_of_bucket("bucket", {.region = region}), std::invalid_argument);
    }
}

}  // namespace foldback::s3
