#include "protocol/target.hpp"

#include <doctest/doctest.h>

using namespace foldback::server::protocol;

namespace {

std::string parameter(std::string_view target, std::string_view name) {
    const auto parsed = parse_target(target);
    REQUIRE(parsed.has_value());
    const auto value = parsed->query.value(name);
    if (!value) return "problem";
    return *value == nullptr ? "absent" : **value;
}

}  // namespace

TEST_SUITE("target") {
    TEST_CASE("a path is decoded once") {
        CHECK(parse_target("/a/b")->path == "/a/b");
        CHECK(parse_target("/a%2Fb%20c")->path == "/a/b c");
        CHECK(parse_target("/%2525")->path == "/%25");
        CHECK(parse_target("/a+b")->path == "/a+b");
        CHECK(parse_target("/gr%C3%B6%c3%9fe")->path == "/größe");
        CHECK(parse_target("/größe")->path == "/größe");
        CHECK(parse_target("/a?b?c")->path == "/a");
    }

    TEST_CASE("a query is split before it is decoded") {
        CHECK(parameter("/?a=1&b=2", "b") == "2");
        CHECK(parameter("/?a=1%26b=2", "a") == "1&b=2");
        CHECK(parameter("/?a=1%26b=2", "b") == "absent");
        CHECK(parameter("/?%61=x+y%2B", "a") == "x y+");
        CHECK(parameter("/?a=b=c", "a") == "b=c");
        CHECK(parameter("/?a", "a") == "");
        CHECK(parameter("/?&&a=1&", "a") == "1");
        CHECK(parameter("/?", "a") == "absent");
        CHECK(parameter("/?=1", "") == "1");
    }

    TEST_CASE("a parameter that is given twice is a problem for who asks for it") {
        CHECK(parameter("/?a=1&a=1", "a") == "problem");
        CHECK(parameter("/?a=1&a=1&b=2", "b") == "2");
    }

    TEST_CASE("malformed targets are refused") {
        for (const auto* target : {"", "a", "*", "/%", "/%1", "/%g1", "/%1g", "/a?%", "/a?b=%zz", "/a#b", "/a?b#c",
                                   "/a\tb", "/%00", "/%0a", "/\x7f"}) {
            CAPTURE(target);
            CHECK(parse_target(target).has_error());
        }
    }

    TEST_CASE("a path is encoded so that decoding gives it back") {
        std::string all = "/";
        for (int byte = 0x20; byte != 0x7F; ++byte) all.push_back(static_cast<char>(byte));
        all += "größe";

        const auto encoded = percent_encode_path(all);

        CHECK(percent_decode(encoded) == all);
        CHECK(encoded.find_first_of(" \"<>#?\\^`{|}") == std::string::npos);
        CHECK(percent_encode_path("a/b~c-d._e") == "a/b~c-d._e");
        CHECK(percent_encode_path("a b?c#d%e") == "a%20b%3Fc%23d%25e");
    }

}  // TEST_SUITE
