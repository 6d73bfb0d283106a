#include "protocol/offset_token.hpp"

#include <stdexcept>

#include <doctest/doctest.h>

using namespace foldback;
using namespace foldback::server::protocol;

TEST_SUITE("offset token") {
    TEST_CASE("a token says incarnation and offset, and sorts as they do") {
        CHECK(offset_token({Incarnation{7}, Offset{42}}) == "0000000000000007_0000000000000042");
        CHECK(offset_token({Incarnation{7}, Offset{9}}) < offset_token({Incarnation{7}, Offset{10}}));
        CHECK(offset_token({Incarnation{7}, Offset{99}}) < offset_token({Incarnation{8}, Offset{0}}));
        CHECK_THROWS_AS(static_cast<void>(offset_token({Incarnation{1}, Offset{10'000'000'000'000'000}})),
                        std::length_error);
    }

    TEST_CASE("a token reads back") {
        for (const std::uint64_t value : {0ull, 1ull, 123456789ull, 9'999'999'999'999'999ull}) {
            const StreamPoint point{Incarnation{value}, Offset{9'999'999'999'999'999 - value}};
            CHECK(parse_offset_token(offset_token(point)) == point);
        }
    }

    TEST_CASE("anything else is not a token") {
        const std::string good = "0000000000000007_0000000000000042";
        REQUIRE(parse_offset_token(good).has_value());
        for (std::size_t i = 0; i != good.size(); ++i) {
            for (const char wrong : {'x', '-', '+', ' ', '\0', '_', '0'}) {
                auto token = good;
                if (token[i] == wrong || (i != 16 && wrong == '0')) continue;
                token[i] = wrong;
                CHECK_FALSE(parse_offset_token(token).has_value());
            }
        }
        for (const auto& wrong :
             {std::string(), std::string("-1"), std::string("now"), good + "0", good.substr(1), "0" + good}) {
            CHECK_FALSE(parse_offset_token(wrong).has_value());
        }
    }

    TEST_CASE("sixteen zeros twice is the start of any stream") {
        CHECK(is_start_of_any_stream(*parse_offset_token("0000000000000000_0000000000000000")));
        CHECK_FALSE(is_start_of_any_stream({Incarnation{1}, Offset{0}}));
        CHECK_FALSE(is_start_of_any_stream({Incarnation{0}, Offset{1}}));
    }

    TEST_CASE("a position's token is twenty digits") {
        CHECK(position_token(Position{5}) == "00000000000000000005");
        CHECK(parse_position_token(position_token(Position{UINT64_MAX})) == Position{UINT64_MAX});
        for (const auto* wrong : {"", "5", "-1", "now", "0000000000000000000x", "+0000000000000000005",
                                  "99999999999999999999", "000000000000000000005"}) {
            CHECK_FALSE(parse_position_token(wrong).has_value());
        }
    }

}  // TEST_SUITE
