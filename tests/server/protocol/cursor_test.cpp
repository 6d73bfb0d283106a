#include "protocol/cursor.hpp"

#include <chrono>

#include <doctest/doctest.h>

#include "protocol/header_values.hpp"

using namespace foldback;
using namespace foldback::server::protocol;

namespace {

Timestamp at_interval(std::int64_t interval) {
    return Timestamp(std::chrono::sys_days(std::chrono::October / 9 / 2024)) + std::chrono::seconds(20 * interval);
}

}  // namespace

TEST_SUITE("cursor") {
    TEST_CASE("a cursor counts intervals of twenty seconds since 9 October 2024") {
        CHECK(next_cursor(at_interval(0), {}) == 0);
        CHECK(next_cursor(at_interval(1000), {}) == 1000);
        CHECK(next_cursor(at_interval(1000) + std::chrono::milliseconds(19'999), {}) == 1000);
        CHECK(next_cursor(at_interval(-5), {}) == 0);
    }

    TEST_CASE("a client that lags gets the current cursor") {
        CHECK(next_cursor(at_interval(1000), 999) == 1000);
        CHECK(next_cursor(at_interval(1000), 0) == 1000);
    }

    TEST_CASE("a client that is as far gets a greater cursor, by at most an hour") {
        for (const std::uint64_t client : {std::uint64_t{1000}, std::uint64_t{5000}, max_safe_integer - 180}) {
            for (int i = 0; i != 200; ++i) {
                const auto next = next_cursor(at_interval(1000), client);
                REQUIRE(next > client);
                REQUIRE(next <= client + 180);
            }
        }
    }

    TEST_CASE("a cursor is read strictly and leaves room for what is added") {
        CHECK(*parse_cursor("0") == 0);
        CHECK(*parse_cursor("9007199254740811") == max_safe_integer - 180);
        for (const auto* wrong : {"", "-1", "+1", " 1", "01", "1e3", "x", "9007199254740812", "18446744073709551615",
                                  "18446744073709551616"}) {
            CHECK(parse_cursor(wrong).has_error());
        }
    }

}  // TEST_SUITE
