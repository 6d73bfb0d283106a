#include "foldback/history/json.hpp"

#include <doctest/doctest.h>

#include <set>

#include "foldback/core/json_reader.hpp"

using namespace foldback;

TEST_CASE("equal values have one digest, however they are written") {
    const auto digest = json_digest(R"({"a":1,"b":[true,null,"x/y"],"c":{"d":{},"e":[]}})");

    CHECK(json_digest(R"( { "c" : { "e" : [ ] , "d" : { } } , "b" : [ true , null , "x\/y" ] , "a" : 1 } )") == digest);
}

TEST_CASE("different values have different digests") {
    std::set<std::uint64_t> digests;
    const auto texts = {"{}",
                        "[]",
                        "null",
                        "\"\"",
                        "0",
                        "1",
                        "\"1\"",
                        "true",
                        "\"true\"",
                        "[[]]",
                        "[{}]",
                        "[1,2]",
                        "[2,1]",
                        "[[1],2]",
                        "[[1,2]]",
                        "[1,[2]]",
                        R"({"a":1})",
                        R"({"a":"1"})",
                        R"({"1":"a"})",
                        R"({"a":{"b":1}})",
                        R"({"b":{"a":1}})",
                        R"({"a":1,"b":2})",
                        R"({"a":2,"b":1})",
                        R"({"a":[1]})",
                        R"([{"a":1}])",
                        R"([{"a":1},{"b":1}])",
                        R"([{"a":1,"b":1}])",
                        R"([{"b":1},{"a":1}])",
                        "1.0"};
    for (const auto* text : texts) digests.insert(json_digest(text));

    CHECK(digests.size() == texts.size());
}

TEST_CASE("what is no JSON, or too deep, has no digest") {
    CHECK_THROWS_AS((void)json_digest("{"), JsonError);
    CHECK_THROWS_AS((void)json_digest("1 2"), JsonError);
    CHECK_THROWS_AS((void)json_digest(""), JsonError);
    CHECK_THROWS_AS((void)json_digest(std::string(200, '[') + std::string(200, ']')), JsonError);
}

TEST_CASE("a JSON Pointer is split into segments and a segment is escaped") {
    CHECK(pointer_segments("").empty());
    CHECK(pointer_segments("/a~1b/~0/") == std::vector<std::string>{"a/b", "~", ""});
    CHECK(escaped_segment("a/b~") == "a~1b~0");
    CHECK_THROWS_AS((void)pointer_segments("a"), std::invalid_argument);
    CHECK_THROWS_AS((void)pointer_segments("/~2"), std::invalid_argument);
}
