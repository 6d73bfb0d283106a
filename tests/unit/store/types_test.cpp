#include "foldback/store/types.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

using foldback::StreamPath;

TEST_SUITE("stream path") {
    TEST_CASE("paths of visible segments are valid") {
        for (const auto* text :
             {"a", "orders/42/events", "a b", "...", ".a", "a..b", "-", "%2e", "größe/日本/😀", "a;b=c", "\xC2\x80"}) {
            CAPTURE(text);
            CHECK(StreamPath::problem_with(text).empty());
            CHECK(StreamPath(text).text() == text);
            CHECK(StreamPath::parse(text)->text() == text);
        }
        CHECK(StreamPath::problem_with(std::string(1024, 'x')).empty());
    }

    TEST_CASE("all else is refused") {
        for (const auto* text : {"", "/", "/a", "a/", "a//b", ".", "..", "a/./b", "a/..", "../a", "a\\b", "a\tb",
                                 "a\x1f", "\x7f", "\xFF", "a\xC3", "\xC0\x80", "\xED\xA0\x80"}) {
            CAPTURE(text);
            CHECK_FALSE(StreamPath::problem_with(text).empty());
            CHECK_THROWS_AS(StreamPath(std::string_view(text)), std::invalid_argument);
            CHECK(StreamPath::parse(text).error() == StreamPath::problem_with(text));
        }
        CHECK_FALSE(StreamPath::problem_with(std::string("a\0b", 3)).empty());
        CHECK_FALSE(StreamPath::problem_with(std::string(1025, 'x')).empty());
    }

}  // TEST_SUITE
