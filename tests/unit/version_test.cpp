#include "foldback/version.hpp"

#include <doctest/doctest.h>

#include <algorithm>

TEST_CASE("the library names its version as three numbers") {
    const auto version = foldback::version();

    CHECK(std::count(version.begin(), version.end(), '.') == 2);
    CHECK(version.find_first_not_of("0123456789.") == std::string_view::npos);
}
