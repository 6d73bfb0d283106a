#include "subscriptions/pattern_index.hpp"

#include <doctest/doctest.h>

#include <random>

#include "subscriptions/glob.hpp"

using namespace foldback::server::subscriptions;

namespace {

using Ids = std::vector<std::string>;

std::string random_path(std::mt19937& random, std::initializer_list<const char*> segments) {
    std::string path;
    for (auto left = 1 + random() % 4; left > 0; --left) {
        path += (path.empty() ? "" : "/") + std::string(*(segments.begin() + random() % segments.size()));
    }
    return path;
}

}  // namespace

TEST_SUITE("pattern index") {
    TEST_CASE("a stream finds the subscriptions of its patterns and its name, each once") {
        PatternIndex index;
        index.add_pattern("events/*", "one");
        index.add_pattern("**", "all");
        index.add_pattern("other/*", "other");
        index.add_stream("events/a", "named");
        index.add_stream("events/a", "one");

        CHECK(index.match("events/a") == Ids{"all", "named", "one"});
        CHECK(index.match("events/b") == Ids{"all", "one"});
        CHECK(index.match("x") == Ids{"all"});

        index.remove_pattern("events/*", "one");
        index.remove_stream("events/a", "named");
        CHECK(index.match("events/a") == Ids{"all", "one"});
    }

    TEST_CASE("two subscriptions of one pattern are told apart") {
        PatternIndex index;
        index.add_pattern("a/**/b", "one");
        index.add_pattern("a/**/b", "two");
        index.remove_pattern("a/**/b", "one");

        CHECK(index.match("a/x/y/b") == Ids{"two"});
        CHECK(index.match("a/b") == Ids{"two"});
    }

    TEST_CASE("the common prefix is what every stream of interest begins with") {
        PatternIndex index;
        CHECK(index.common_prefix() == "");
        index.add_pattern("orders/events/*", "one");
        CHECK(index.common_prefix() == "orders/events/");
        index.add_stream("orders/audit", "two");
        CHECK(index.common_prefix() == "orders/");
        index.add_pattern("**", "three");
        CHECK(index.common_prefix() == "");
        index.remove_pattern("**", "three");
        index.remove_stream("orders/audit", "two");
        CHECK(index.common_prefix() == "orders/events/");
    }

    TEST_CASE("it finds what trying every pattern finds, whatever comes and goes") {
        const unsigned seed = std::random_device()();
        CAPTURE(seed);
        std::mt19937 random(seed);
        PatternIndex index;
        std::map<std::string, std::string> patterns;  // by subscription
        for (int step = 0; step < 3'000; ++step) {
            const auto id = std::to_string(random() % 50);
            if (const auto known = patterns.find(id); known != patterns.end()) {
                index.remove_pattern(known->second, id);
                patterns.erase(known);
            } else {
                patterns[id] = random_path(random, {"a", "b", "*", "**"});
                index.add_pattern(patterns[id], id);
            }
            const auto path = random_path(random, {"a", "b", "c"});
            std::set<std::string> expected;
            for (const auto& [subscription, pattern] : patterns) {
                if (glob_matches(pattern, path)) expected.insert(subscription);
            }
            CAPTURE(path);
            REQUIRE(index.match(path) == Ids(expected.begin(), expected.end()));
            const auto prefix = index.common_prefix();
            if (!expected.empty()) REQUIRE(path.starts_with(prefix));
        }
    }
}
