#include "store/json_split.hpp"

#include <doctest/doctest.h>

#include <random>

namespace {

using foldback::JsonLimits;
using foldback::split_json;

/// The messages of a body joined by commas, with their sizes; or what is wrong.
std::string split(std::string_view body, JsonLimits limits = {}) {
    const auto slices = split_json(body, limits);
    if (!slices) return "problem: " + slices.error().problem;
    auto text = slices->joined + " |";
    for (const auto size : slices->sizes) text += ' ' + std::to_string(size);
    return text;
}

bool accepts(std::string_view body, JsonLimits limits = {}) { return split_json(body, limits).has_value(); }

}  // namespace

TEST_SUITE("json split") {
    TEST_CASE("too many messages are told apart from bad JSON") {
        CHECK(split_json("[1,2]", {.max_messages = 1}).error().kind == foldback::InvalidJson::Kind::too_many_messages);
        CHECK(split_json("1", {.max_messages = 0}).error().kind == foldback::InvalidJson::Kind::too_many_messages);
        CHECK(split_json("[1,2", {.max_messages = 9}).error().kind == foldback::InvalidJson::Kind::malformed);
    }

    TEST_CASE("a value that is not an array is one message") {
        CHECK(split(R"({"a":1})") == R"({"a":1} | 7)");
        CHECK(split("null") == "null | 4");
        CHECK(split("\t 1.50 \r\n") == "1.50 | 4");
        CHECK(split(R"("x,y")") == R"("x,y" | 5)");
    }

    TEST_CASE("an array is taken apart by one level") {
        CHECK(split("[1,2,3]") == "1,2,3 | 1 1 1");
        CHECK(split("[[1,2],[3,4]]") == "[1,2],[3,4] | 5 5");
        CHECK(split("[[[1,2,3]]]") == "[[1,2,3]] | 9");
        CHECK(split(" [ {\"a\" : [ ] } ,\n\"b\" , 3 ] ") == "{\"a\" : [ ] },\"b\",3 | 12 3 1");
        CHECK(split("[]") == " |");
        CHECK(split(" [ \n ] ") == " |");
    }

    TEST_CASE("messages keep their exact bytes") {
        const std::string odd =
            R"({"big":12345678901234567890123,"huge":1e400,"same":1,"same":2,"lone":"\ud800\u0000","slash":"\/","exp":1E+0,"zero":-0.0})";

        CHECK(split(odd) == odd + " | " + std::to_string(odd.size()));
    }

    TEST_CASE("all of json's grammar is accepted") {
        for (const auto* text : {"0", "-0", "10", "-1.5e+10", "1E1", "0.0", "true", "false", "null", "\"\"",
                                 "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"", "{}", "{ }", "[ ]", "{\"\":\"\"}",
                                 "[[],{},[[]]]", "{\"a\":{\"b\":[1,{}]}}", "\"\x7f\"", "\"\xF4\x8F\xBF\xBF\""}) {
            CAPTURE(text);
            CHECK(accepts(text));
            CHECK(accepts("[" + std::string(text) + "," + text + "]"));
        }
    }

    TEST_CASE("all else is refused, with the byte where it goes wrong") {
        for (const auto* text : {"",
                                 " ",
                                 "{",
                                 "}",
                                 "[",
                                 "]",
                                 "[1",
                                 "[1,",
                                 "[1,]",
                                 "[,]",
                                 "[1 2]",
                                 "1 2",
                                 "1,2",
                                 "{\"a\"}",
                                 "{\"a\":}",
                                 "{\"a\":1,}",
                                 "{,}",
                                 "{a:1}",
                                 "{\"a\" 1}",
                                 "{\"a\":1 \"b\":2}",
                                 "{1:2}",
                                 "[}",
                                 "{]",
                                 "[1}",
                                 "{\"a\":1]",
                                 "nul",
                                 "nulll",
                                 "True",
                                 "NaN",
                                 "-Infinity",
                                 "01",
                                 "-01",
                                 "00",
                                 "1.",
                                 ".1",
                                 "+1",
                                 "1e",
                                 "1e+",
                                 "1.e1",
                                 "-",
                                 "--1",
                                 "0x1",
                                 "1_0",
                                 "\"",
                                 "\"a",
                                 "\"\\",
                                 "\"\\x\"",
                                 "\"\\u\"",
                                 "\"\\u123\"",
                                 "\"\\u123g\"",
                                 "\"\\U1234\"",
                                 "\"\t\"",
                                 "\"\n\"",
                                 "'a'",
                                 "\xEF\xBB\xBF{}",
                                 "[1]//",
                                 "/**/1",
                                 "\v1",
                                 "\u00A01"}) {
            CAPTURE(text);
            CHECK_FALSE(accepts(text));
        }
        CHECK(split("[1,x]") == "problem: a value is expected at byte 3");
        CHECK(split("[1,2") == "problem: the JSON text ends too early, at byte 4: ',' or ']' is expected");
        CHECK(split("{} {}") == "problem: nothing more is expected at byte 3");
        CHECK(split("\"\\q\"") == "problem: there is no such escape at byte 2");
    }

    TEST_CASE("a string is UTF-8 without raw control characters, wherever it lies") {
        for (std::size_t before = 0; before != 40; ++before) {
            const auto text = '"' + std::string(before, 'x');
            CHECK(accepts(text + "\xC3\xA9\""));
            CHECK_FALSE(accepts(text + "\xC3\""));
            CHECK_FALSE(accepts(text + "\xED\xA0\x80\""));
            CHECK_FALSE(accepts(text + "\xC0\x80\""));
            CHECK_FALSE(accepts(text + std::string(1, '\0') + "\""));
            CHECK_FALSE(accepts(text + "\x1f\""));
            CHECK(accepts(text + "\x20\""));
            CHECK(accepts(text + "\\\"\""));
            CHECK_FALSE(accepts(text + "\\\""));
            CHECK_FALSE(accepts(text));
        }
        CHECK(split("\"ab\xFF\"") == "problem: the JSON text is not valid UTF-8 at byte 3");
        CHECK(split('"' + std::string(10'000, 'x') + "\xC3\xA9\xFF\"") ==
              "problem: the JSON text is not valid UTF-8 at byte 10003");
    }

    TEST_CASE("depth is bounded per message, and a million brackets cost nothing") {
        const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };

        CHECK(accepts("{\"a\":{}}", {.max_depth = 2}));
        CHECK_FALSE(accepts("{\"a\":{\"b\":{}}}", {.max_depth = 2}));
        CHECK(accepts(nested(3), {.max_depth = 2}));
        CHECK_FALSE(accepts(nested(4), {.max_depth = 2}));
        CHECK(accepts(nested(129)));
        CHECK_FALSE(accepts(nested(130)));
        CHECK(accepts(nested(16'385), {.max_depth = 1'000'000}));
        CHECK_FALSE(accepts(nested(16'386), {.max_depth = 1'000'000}));
        CHECK_FALSE(accepts(std::string(1'000'000, '[')));
        std::string objects;
        for (int i = 0; i != 200'000; ++i) objects += "{\"a\":";
        CHECK_FALSE(accepts(objects));
    }

    TEST_CASE("deep containers of both kinds close in their own order") {
        std::mt19937 random(7);
        for (int round = 0; round != 200; ++round) {
            std::string open;
            std::string close;
            for (int depth = 0; depth != 100; ++depth) {
                const bool object = random() % 2 == 0;
                open += object ? "{\"k\":" : "[";
                close.insert(0, object ? "}" : "]");
            }
            open += '0';
            REQUIRE(accepts(open + close));
            auto wrong = close;
            auto& bracket = wrong[random() % wrong.size()];
            bracket = bracket == '}' ? ']' : '}';
            REQUIRE_FALSE(accepts(open + wrong));
        }
    }

    TEST_CASE("the number of messages is bounded") {
        CHECK(accepts("[1,2,3]", {.max_messages = 3}));
        CHECK_FALSE(accepts("[1,2,3,4]", {.max_messages = 3}));
        CHECK(accepts("[]", {.max_messages = 0}));
        CHECK_FALSE(accepts("1", {.max_messages = 0}));
    }

    TEST_CASE("a body cut anywhere is refused") {
        const std::string body = R"([{"a":[1.5e3,"x\u00e9\n"],"b":{"c":null}},true])";

        REQUIRE(accepts(body));
        for (std::size_t size = 0; size != body.size(); ++size) CHECK_FALSE(accepts(body.substr(0, size)));
    }

}  // TEST_SUITE
