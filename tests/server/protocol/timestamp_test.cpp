#include "protocol/timestamp.hpp"

#include <doctest/doctest.h>

using namespace foldback::server::protocol;

namespace {

std::string normalized(std::string_view text) {
    const auto timestamp = parse_timestamp(text);
    return timestamp ? format_timestamp(*timestamp) : "malformed";
}

}  // namespace

TEST_SUITE("timestamp") {
    TEST_CASE("timestamps of RFC 3339 are read and written in UTC") {
        CHECK(normalized("2026-11-23T09:14:07.221Z") == "2026-11-23T09:14:07.221Z");
        CHECK(normalized("2026-11-23t09:14:07z") == "2026-11-23T09:14:07.000Z");
        CHECK(normalized("2026-11-23T09:14:07+00:00") == "2026-11-23T09:14:07.000Z");
        CHECK(normalized("2026-11-23T00:14:07.5+01:30") == "2026-11-22T22:44:07.500Z");
        CHECK(normalized("2026-12-31T23:30:00-01:00") == "2027-01-01T00:30:00.000Z");
        CHECK(normalized("2024-02-29T00:00:00.123456789Z") == "2024-02-29T00:00:00.123Z");
        CHECK(normalized("2016-12-31T23:59:60Z") == "2017-01-01T00:00:00.000Z");
        CHECK(normalized("0001-01-01T00:00:00Z") == "0001-01-01T00:00:00.000Z");
        CHECK(normalized("1969-12-31T23:59:59.999Z") == "1969-12-31T23:59:59.999Z");
    }

    TEST_CASE("anything else is malformed") {
        for (const auto* text : {"",
                                 "Z",
                                 "2026-11-23",
                                 "2026-11-23T09:14:07",
                                 "2026-11-23T09:14Z",
                                 "2026-11-23T09:14:07.Z",
                                 "2026-11-23 09:14:07Z",
                                 "2026-11-23T09:14:07.1.2Z",
                                 "2023-02-29T00:00:00Z",
                                 "2026-00-01T00:00:00Z",
                                 "2026-01-00T00:00:00Z",
                                 "2026-01-32T00:00:00Z",
                                 "2026-01-01T24:00:00Z",
                                 "2026-01-01T00:60:00Z",
                                 "2026-01-01T00:00:61Z",
                                 "2026-01-01T00:00:00+24:00",
                                 "2026-01-01T00:00:00+00:60",
                                 "2026-01-01T00:00:00+0000",
                                 "2026-01-01T00:00:00Z ",
                                 " 2026-01-01T00:00:00Z",
                                 "26-01-01T00:00:00Z",
                                 "+2026-01-01T00:00:00Z",
                                 "2026-1-01T00:00:00Z",
                                 "1700000000"}) {
            CAPTURE(text);
            CHECK(normalized(text) == "malformed");
        }
    }

}  // TEST_SUITE
