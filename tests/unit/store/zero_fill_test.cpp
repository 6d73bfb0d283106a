#include "store/zero_fill.hpp"

#include <doctest/doctest.h>

using foldback::ZeroFill;

namespace {

constexpr std::uint64_t small = 16 << 10;
constexpr std::uint64_t large = 1 << 20;

void fill(ZeroFill& zero_fill, std::uint64_t segment, std::uint64_t commit_bytes) {
    for (std::uint64_t used = 0; used < 64 << 20; used += commit_bytes) zero_fill.after_commit(segment, commit_bytes);
}

}  // namespace

TEST_CASE("until a segment was left, the next one is zero-filled ahead, however few commits there were") {
    ZeroFill zero_fill;
    CHECK(zero_fill.pays());
    zero_fill.after_commit(7, small);
    CHECK(zero_fill.pays());
    zero_fill.after_commit(7, small);
    CHECK(zero_fill.pays());
}

TEST_CASE("a segment of small commits has the next one zero-filled ahead, and one of large commits has not") {
    ZeroFill zero_fill;
    fill(zero_fill, 1, small);
    fill(zero_fill, 2, large);
    CHECK(zero_fill.pays());
    fill(zero_fill, 3, large);
    CHECK_FALSE(zero_fill.pays());
    fill(zero_fill, 4, small);
    CHECK_FALSE(zero_fill.pays());
    fill(zero_fill, 5, small);
    CHECK(zero_fill.pays());
}

TEST_CASE("of a segment that was nearly full at opening only the commits since then count") {
    ZeroFill zero_fill;
    zero_fill.after_commit(3, small);
    zero_fill.after_commit(4, small);
    CHECK(zero_fill.pays());
    zero_fill.after_commit(5, large);
    zero_fill.after_commit(6, large);
    CHECK_FALSE(zero_fill.pays());
}
