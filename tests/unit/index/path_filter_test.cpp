#include "index/path_filter.hpp"

#include <doctest/doctest.h>

#include <string>

namespace foldback::index {
namespace {

constexpr int path_count = 300'000;  // four layers

std::string path_of(int number) { return "orders/" + std::to_string(number); }

}  // namespace

TEST_CASE("a path filter holds nothing before something is added") { CHECK_FALSE(PathFilter().may_hold("orders/1")); }

TEST_CASE("a path filter never denies a path that was added, however many there are") {
    PathFilter filter;
    for (int i = 0; i < path_count; ++i) filter.add(path_of(i));

    int denied = 0;
    for (int i = 0; i < path_count; ++i) denied += filter.may_hold(path_of(i)) ? 0 : 1;

    CHECK(denied == 0);
}

TEST_CASE("a path filter denies most paths that were not added, and takes at most two bytes for each that was") {
    PathFilter filter;
    for (int i = 0; i < path_count; ++i) filter.add(path_of(i));

    int believed = 0;
    for (int i = 0; i < 10'000; ++i) believed += filter.may_hold("commands/" + std::to_string(i)) ? 1 : 0;

    CHECK(believed < 1500);
    CHECK(filter.bytes() <= 2 * path_count);
}

}  // namespace foldback::index
