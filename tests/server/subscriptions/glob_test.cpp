#include "subscriptions/glob.hpp"

#include <doctest/doctest.h>

using namespace foldback::server::subscriptions;

TEST_SUITE("glob") {
    TEST_CASE("a star matches one segment, two stars any number of them, anything else itself") {
        CHECK(glob_matches("events/*", "events/a"));
        CHECK(!glob_matches("events/*", "events"));
        CHECK(!glob_matches("events/*", "events/a/b"));
        CHECK(!glob_matches("events/*", "other/a"));
        CHECK(glob_matches("*/a/*", "x/a/y"));
        CHECK(glob_matches("events/**", "events"));
        CHECK(glob_matches("events/**", "events/a/b/c"));
        CHECK(!glob_matches("events/**", "eventsx/a"));
        CHECK(glob_matches("**", "a"));
        CHECK(glob_matches("**", "a/b/c"));
        CHECK(glob_matches("**/c", "c"));
        CHECK(glob_matches("**/c", "a/b/c"));
        CHECK(!glob_matches("**/c", "a/c/b"));
        CHECK(glob_matches("a/**/b/**/c", "a/b/c"));
        CHECK(glob_matches("a/**/b/**/c", "a/x/b/y/b/z/c"));
        CHECK(!glob_matches("a/**/b/**/c", "a/x/y/c"));
        CHECK(glob_matches("a/*/c", "a/*/c"));
        CHECK(!glob_matches("a", "a/b"));
        CHECK(!glob_matches("a/b", "a"));
    }

    TEST_CASE("a star within a segment is an ordinary character") {
        CHECK(glob_matches("a*", "a*"));
        CHECK(!glob_matches("a*", "ab"));
    }

    TEST_CASE("many double stars cost no more than the two lengths multiplied") {
        std::string pattern;
        std::string path;
        for (int i = 0; i < 100; ++i) {
            pattern += "**/a/";
            path += "a/";
        }
        CHECK(!glob_matches(pattern + "b", path + "c"));
    }

    TEST_CASE("the literal prefix of a pattern is what all its matches begin with") {
        CHECK(literal_prefix("events/*") == "events/");
        CHECK(literal_prefix("events/**") == "events");
        CHECK(literal_prefix("a/b/*/c") == "a/b/");
        CHECK(literal_prefix("a/b") == "a/b");
        CHECK(literal_prefix("**") == "");
        CHECK(literal_prefix("*") == "");
    }
}
