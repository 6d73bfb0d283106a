#include "ops/reloads.hpp"

#include <stdexcept>

#include <doctest/doctest.h>

using foldback::server::Reloads;

TEST_CASE("what can be read again is put into force together") {
    Reloads reloads;
    int one = 0;
    int two = 0;
    reloads.add("one", [&] { return [&] { ++one; }; });
    reloads.add("two", [&] { return [&] { ++two; }; });

    CHECK(reloads.reload().empty());

    CHECK(one == 1);
    CHECK(two == 1);
}

TEST_CASE("when one part is bad all of what is in force stays, and the problem is named") {
    Reloads reloads;
    int one = 0;
    reloads.add("one", [&] { return [&] { ++one; }; });
    reloads.add("two", []() -> std::function<void()> { throw std::runtime_error("line 3 is bad"); });

    CHECK(reloads.reload() == "two: line 3 is bad");

    CHECK(one == 0);
}
