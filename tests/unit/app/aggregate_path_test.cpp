#include "foldback/app/aggregate_path.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <vector>

using namespace foldback;

TEST_CASE("an aggregate's stream is its category and its id") {
    CHECK(aggregate_path("orders", "42").text() == "orders/42");
    CHECK(aggregate_path("shops/berlin/orders", "ünïcode & spaces").text() == "shops/berlin/orders/ünïcode & spaces");
}

TEST_CASE("what a path may not have is escaped, and read back") {
    const std::vector<std::pair<std::string, std::string>> cases{
        {".", "%2E"},      {"..", "%2E%2E"},    {"...", "..."},   {"50%", "50%25"},
        {"a\\b", "a%5Cb"}, {"tab\t", "tab%09"}, {"%2E", "%252E"}, {std::string("nul\0!", 5), "nul%00!"},
        {"\x7F", "%7F"}};
    for (const auto& [id, segment] : cases) {
        const auto& tried = id;  // clang 14 lets no lambda have a structured binding
        CAPTURE(tried);
        CHECK(path_segment(id) == segment);
        CHECK(id_of_segment(segment) == id);
        CHECK(StreamPath::problem_with("orders/" + segment).empty());
    }
}

TEST_CASE("a segment that no id makes is refused") {
    for (const std::string segment : {"", ".", "%", "%2", "%41", "%2e", "a/b", "%2F"}) {
        CAPTURE(segment);
        CHECK_THROWS_AS((void)id_of_segment(segment), std::invalid_argument);
    }
}

TEST_CASE("an id with a slash is refused, and the error says so") {
    CHECK_THROWS_WITH((void)aggregate_path("orders", "4/2"),
                      "the id \"4/2\" has a '/', which parts the segments of a path");
}

TEST_CASE("an empty id, one that is too long or no text, and a bad category are refused") {
    CHECK_THROWS_WITH((void)aggregate_path("orders", ""), "the id is empty");
    CHECK_THROWS_WITH((void)aggregate_path("orders", std::string(1020, 'x')),
                      "the id makes no path: the path is longer than 1024 bytes");
    CHECK_THROWS_WITH((void)aggregate_path("orders", "\xFF"), "the id makes no path: the path is not valid UTF-8");
    CHECK_THROWS_WITH((void)aggregate_path("/orders", "1"),
                      "the category \"/orders\" makes no path: the path has an empty segment");
}

TEST_CASE("the id of a command may have slashes") {
    CHECK(command_path("commands", "workflow/7/3").text() == "commands/workflow%2F7%2F3");
    CHECK_THROWS_WITH((void)command_path("commands", ""), "the command id is empty");
}
