#include "protocol/waiters.hpp"

#include <doctest/doctest.h>

using foldback::server::protocol::Waiters;

TEST_SUITE("waiters") {
    TEST_CASE("places are given back when they go, and only once") {
        const auto waiters = std::make_shared<Waiters>(10, 2);
        auto first = waiters->take_place("a");
        auto second = waiters->take_place("a");
        REQUIRE(first.has_value());
        REQUIRE(second.has_value());

        CHECK(waiters->take_place("a").error().status == 429);
        CHECK(waiters->count() == 2);
        auto moved = std::move(*first);
        CHECK(waiters->count() == 2);
        moved = Waiters::Place();
        CHECK(waiters->count() == 1);
        CHECK(waiters->take_place("a").has_value());
        CHECK(waiters->count() == 1);
    }

    TEST_CASE("all streams together are bounded") {
        const auto waiters = std::make_shared<Waiters>(2, 2);
        const auto a = waiters->take_place("a");
        const auto b = waiters->take_place("b");

        CHECK(waiters->take_place("c").error().status == 503);
    }

    TEST_CASE("a place may outlive its counter's owner") {
        auto waiters = std::make_shared<Waiters>(1, 1);
        auto place = waiters->take_place("a");

        waiters.reset();

        CHECK(place.has_value());
    }

}  // TEST_SUITE
