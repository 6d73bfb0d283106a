#include "subscriptions/cursor.hpp"

#include <doctest/doctest.h>

namespace foldback::server::subscriptions {

TEST_CASE("a cursor is written and read back, and belongs to a store with so many logs") {
    const Cursor cursor{Position{3}, Position{0}, Position{7}};

    CHECK(parse_cursor(text_of(cursor), 3) == cursor);
    CHECK_FALSE(parse_cursor(text_of(cursor), 2));
    CHECK_FALSE(parse_cursor(text_of(cursor), 4));
    CHECK_FALSE(parse_cursor("", 1));
    CHECK_FALSE(parse_cursor(text_of(cursor) + ',', 3));
    CHECK_FALSE(parse_cursor("nonsense", 1));
}

TEST_CASE("the earlier of two cursors lies before both, in each log") {
    const Cursor one{Position{3}, Position{5}};
    const Cursor other{Position{4}, Position{1}};

    CHECK(earlier_of(one, other) == Cursor{Position{3}, Position{1}});
    CHECK(messages_between(earlier_of(one, other), one) == 4);
    CHECK(messages_between(one, earlier_of(one, other)) == 0);
}

}  // namespace foldback::server::subscriptions
