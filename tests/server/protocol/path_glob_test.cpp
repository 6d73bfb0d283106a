#include "protocol/path_glob.hpp"

#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

using foldback::server::PathGlob;

TEST_SUITE("path globs") {
    TEST_CASE("a pattern without stars is one path") {
        CHECK(PathGlob("orders/42").matches("orders/42"));
        CHECK_FALSE(PathGlob("orders/42").matches("orders/421"));
        CHECK_FALSE(PathGlob("orders/42").matches("orders/42/events"));
        CHECK_FALSE(PathGlob("orders").matches("orders/42"));
    }

    TEST_CASE("one star is one segment") {
        const PathGlob glob("orders/*/events");
        CHECK(glob.matches("orders/42/events"));
        CHECK_FALSE(glob.matches("orders/events"));
        CHECK_FALSE(glob.matches("orders/a/b/events"));
        CHECK_FALSE(PathGlob("*").matches("orders/42"));
    }

    TEST_CASE("two stars are any number of segments, none included") {
        const PathGlob glob("legal/**/sealed");
        CHECK(glob.matches("legal/sealed"));
        CHECK(glob.matches("legal/a/sealed"));
        CHECK(glob.matches("legal/a/b/sealed"));
        CHECK_FALSE(glob.matches("legal/a/b/open"));
        CHECK(PathGlob("**").matches("orders"));
        CHECK(PathGlob("orders/**").matches("orders"));
        CHECK(PathGlob("orders/**").matches("orders/a/b/c"));
        CHECK_FALSE(PathGlob("orders/**").matches("orders-old/a"));
    }

    TEST_CASE("within a segment a star is any characters") {
        CHECK(PathGlob("orders/eu-*").matches("orders/eu-42"));
        CHECK(PathGlob("orders/*-eu").matches("orders/42-eu"));
        CHECK(PathGlob("orders/a*b*c").matches("orders/a1b2b3c"));
        CHECK_FALSE(PathGlob("orders/eu-*").matches("orders/us-42"));
    }

    TEST_CASE("a pattern that no path fits is refused") {
        CHECK_THROWS_AS(PathGlob(""), std::invalid_argument);
        CHECK_THROWS_AS(PathGlob("/orders"), std::invalid_argument);
        CHECK_THROWS_AS(PathGlob("a//b"), std::invalid_argument);
        CHECK_THROWS_AS(PathGlob("a/**b"), std::invalid_argument);
        CHECK_THROWS_AS(PathGlob(std::string(1025, 'a')), std::invalid_argument);
    }

    TEST_CASE("a hostile pattern is decided in little time") {
        std::string pattern = "**";
        std::string path = "a";
        for (int i = 0; i < 300; ++i) pattern += "/**";
        for (int i = 0; i < 500; ++i) path += "/a";

        CHECK(PathGlob(pattern).matches(path));
        CHECK_FALSE(PathGlob(pattern + "/b").matches(path));
    }
}
