#include "protocol/header_values.hpp"

#include <doctest/doctest.h>

using namespace foldback::server;
using namespace foldback::server::protocol;

TEST_SUITE("header values") {
    TEST_CASE("a number is its digits and nothing else") {
        CHECK(parse_number("0") == 0);
        CHECK(parse_number("9007199254740991") == max_safe_integer);
        CHECK(parse_number("18446744073709551615", UINT64_MAX) == UINT64_MAX);
        for (const auto* wrong : {"", "-1", "+1", " 1", "1 ", "01", "00", "1.0", "1e3", "0x1", "1,000",
                                  "9007199254740992", "18446744073709551616", "99999999999999999999999999"}) {
            CHECK_FALSE(parse_number(wrong).has_value());
        }
        CHECK(parse_number("10", 10) == 10);
        CHECK_FALSE(parse_number("11", 10).has_value());
    }

    TEST_CASE("only true marks a close, in any case") {
        for (const std::string value : {"true", "TRUE", "True"}) CHECK(is_closed_marker(&value));
        for (const std::string value : {"", "false", "1", "yes", "true ", "truee", "tru"})
            CHECK_FALSE(is_closed_marker(&value));
        CHECK_FALSE(is_closed_marker(nullptr));
    }

    TEST_CASE("a content type is a media type with parameters") {
        for (const auto* type :
             {"text/plain", "application/vnd.x+json", "TEXT/html; charset=\"utf-8\"", "a/b;c=d;e=f", " text/plain "}) {
            CHECK(is_content_type(type));
        }
        for (const auto* type : {"", "text", "text/", "/plain", "text/pl ain", "text//plain", "text/plain\r\n",
                                 "text/\xC3\xA9", "(a)/b"}) {
            CHECK_FALSE(is_content_type(type));
        }
    }

    TEST_CASE("known headers are found in one pass, and repetitions too") {
        Request request;
        request.headers = {{"x-other", "1"}, {"stream-seq", "a"}, {"prefer", "x"}, {"prefer", "y"}};
        const RequestHeaders once(request);
        CHECK(*once[Header::stream_seq] == "a");
        CHECK_FALSE(once.has(Header::stream_ttl));
        CHECK_FALSE(once.repetition().has_value());

        request.headers.emplace_back("stream-seq", "b");
        const RequestHeaders twice(request);
        CHECK(*twice[Header::stream_seq] == "a");
        CHECK(twice.repetition().value().detail == "The header stream-seq is given twice.");
    }

    TEST_CASE("every known header has its own name") {
        for (std::size_t i = 0; i != header_count; ++i) {
            Request request;
            request.headers = {{std::string(name_of(static_cast<Header>(i))), "v"}};
            for (std::size_t j = 0; j != header_count; ++j) {
                CHECK(RequestHeaders(request).has(static_cast<Header>(j)) == (i == j));
            }
        }
        CHECK(name_of(Header::accept_encoding) == "accept-encoding");
        CHECK(name_of(Header::producer_seq) == "producer-seq");
        CHECK(name_of(Header::stream_fork_sub_offset) == "stream-fork-sub-offset");
        CHECK(name_of(Header::x_forwarded_proto) == "x-forwarded-proto");
    }

    TEST_CASE("a request finds its headers by name") {
        Request request;
        request.headers = {{"a", "1"}, {"b", "2"}, {"a", "3"}};

        CHECK(*request.header("a") == "1");
        CHECK(request.count("a") == 2);
        CHECK(request.header("c") == nullptr);
        CHECK(request.count("c") == 0);
    }

}  // TEST_SUITE
