#include "protocol/entity_tag.hpp"

#include <doctest/doctest.h>

using namespace foldback;
using namespace foldback::server::protocol;

TEST_SUITE("entity tag") {
    TEST_CASE("a read's tag says stream, start, end, direction and closure") {
        ReadPage page;
        page.incarnation = Incarnation{7};
        page.start = {Incarnation{3}, Offset{1}};
        page.next = {Incarnation{7}, Offset{4}};

        CHECK(read_tag(page, Direction::forward) == "\"7:1:4\"");
        CHECK(read_tag(page, Direction::backward) == "\"7:1:4:b\"");
        page.closed = true;
        CHECK(read_tag(page, Direction::forward) == "\"7:1:4\"");
        page.up_to_date = true;
        CHECK(read_tag(page, Direction::forward) == "\"7:1:4:c\"");
    }

    TEST_CASE("a list of tags names what it contains") {
        const std::string tag = "\"7:1:4\"";
        for (const auto* list :
             {"\"7:1:4\"", "W/\"7:1:4\"", "*", "\"a\",\"7:1:4\"", " \"a\" , W/\"7:1:4\"", "\"a,b\", \"7:1:4\""}) {
            CAPTURE(list);
            CHECK(names_tag(list, tag));
        }
        for (const auto* list :
             {"", "7:1:4", "\"7:1:4", "\"7:1:4:c\"", "\"a\"", "W/", "W", "\"", ",,,", "\"a\" \"", "w/\"7:1:4\""}) {
            CAPTURE(list);
            CHECK_FALSE(names_tag(list, tag));
        }
    }

}  // TEST_SUITE
