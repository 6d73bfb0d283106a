#include "projection/pace.hpp"

#include <doctest/doctest.h>

namespace foldback::projection {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds interval{25};

/// How long in all `times` steps rest that take `step` each.
milliseconds rests(Pace& pace, int times, milliseconds step, Pace::Instant& now) {
    std::chrono::nanoseconds all{0};
    for (int i = 0; i < times; ++i) {
        const auto rest = pace.rest_after(now);
        CHECK(rest <= interval);
        all += rest;
        now += step + rest;
    }
    return std::chrono::duration_cast<milliseconds>(all);
}

}  // namespace

TEST_CASE("what is done seldom never rests") {
    Pace pace(interval);
    Pace::Instant now{std::chrono::hours(1)};

    CHECK(rests(pace, 1000, interval, now) == milliseconds{0});
}

TEST_CASE("a few times at once need no rest, and a quiet time makes them free again") {
    Pace pace(interval);
    Pace::Instant now{std::chrono::hours(1)};

    CHECK(rests(pace, 8, milliseconds{1}, now) == milliseconds{0});
    CHECK(rests(pace, 8, milliseconds{1}, now) > milliseconds{0});
    now += std::chrono::seconds(1);
    CHECK(rests(pace, 8, milliseconds{1}, now) == milliseconds{0});
}

TEST_CASE("what is done without a pause is done once in every interval") {
    Pace pace(interval);
    Pace::Instant now{std::chrono::hours(1)};
    (void)rests(pace, 100, milliseconds{1}, now);
    const auto before = now;

    (void)rests(pace, 100, milliseconds{1}, now);

    CHECK(now - before == 100 * interval);
}

TEST_CASE("however often something was done without resting, no rest is longer than the interval") {
    Pace pace(interval);
    const Pace::Instant now{std::chrono::hours(1)};
    for (int i = 0; i < 10'000; ++i) (void)pace.rest_after(now);

    CHECK(pace.rest_after(now) == interval);
}

TEST_CASE("an interval of 0 asks for no rest") {
    Pace pace(milliseconds{0});
    const Pace::Instant now{std::chrono::hours(1)};
    for (int i = 0; i < 100; ++i) CHECK(pace.rest_after(now).count() == 0);
}

}  // namespace foldback::projection
