#include "foldback/store/messages.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace foldback;

TEST_SUITE("messages") {
    TEST_CASE("only application/json is framed as json") {
        for (const auto* type : {"application/json", "APPLICATION/Json", "application/json; charset=utf-8",
                                 " application/json ;x", "application/json\t"}) {
            CHECK(framing_of(type) == Framing::json);
        }
        for (const auto* type : {"", "text/plain", "application/jsonx", "application/json+x", "application/ndjson",
                                 "json", ";application/json", "x application/json"}) {
            CHECK(framing_of(type) == Framing::bytes);
        }
    }

    TEST_CASE("a media type is compared without case, parameters and blanks") {
        CHECK(media_type_of(" Text/HTML ; charset=UTF-8") == "text/html");
        CHECK(media_type_of("text/plain") == "text/plain");
        CHECK(media_type_of("") == "");
        CHECK(media_type_of(" ; a=b") == "");
    }

    TEST_CASE("bytes are one message, or none") {
        const auto messages = Messages::bytes("abc");

        CHECK(messages.count() == 1);
        CHECK(messages.extent() == 3);
        CHECK(messages.joined() == "abc");
        CHECK(messages.framing() == Framing::bytes);
        CHECK(Messages::bytes("").empty());
        CHECK(Messages().empty());
    }

    TEST_CASE("a json body is its messages") {
        const auto messages = Messages::json(R"([1, "two" ,{"three":3}])");

        REQUIRE(messages.has_value());
        CHECK(messages->count() == 3);
        CHECK(messages->extent() == 3);
        CHECK(messages->joined() == R"(1,"two",{"three":3})");
        CHECK(messages->framing() == Framing::json);
        CHECK(Messages::json("[]")->empty());
        CHECK(Messages::json("[]")->framing() == Framing::json);
        CHECK(Messages::json("{").has_error());
    }

    TEST_CASE("trusted json is joined as it is") {
        const std::vector<std::string> owned{"1", "{\"a\":2}"};
        const std::vector<std::string_view> viewed{"1", "{\"a\":2}"};

        CHECK(Messages::trusted_json(owned).joined() == "1,{\"a\":2}");
        CHECK(Messages::trusted_json(viewed).sizes()[1] == 7);
        CHECK(Messages::trusted_json(std::vector<std::string>{}).empty());
    }

}  // TEST_SUITE
