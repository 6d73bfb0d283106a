// If-Match, which our server understands.

#include <doctest/doctest.h>

#include "e2e_client/streams.hpp"

using namespace foldback::client;
using e2e::content_of;
using e2e::new_stream;

TEST_CASE(
    "appends chain by the offset that the last one returned, and a writer that missed one is told where the stream "
    "ends") {
    const auto stream = new_stream("application/json");
    const auto empty = stream.head().value().tail;

    const auto first = stream.append("1", {.if_match = empty}).value();
    const auto second = stream.append("2", {.if_match = first.tail}).value();
    const auto late = stream.append("3", {.if_match = first.tail});

    REQUIRE_FALSE(late);
    CHECK(late.error().code == ErrorCode::offset_mismatch);
    CHECK(late.error().status == 412);
    CHECK(late.error().tail == second.tail);
    CHECK(content_of(stream) == "1 2 ");
}
