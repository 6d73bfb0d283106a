#include "foldback/history/bisect.hpp"

#include <doctest/doctest.h>

#include <set>
#include <stdexcept>

using namespace foldback;

namespace {

/// Bad from a moment on.
std::function<Verdict(Offset)> bad_from(std::uint64_t first, std::set<std::uint64_t> skipped = {}) {
    return [first, skipped = std::move(skipped)](Offset moment) {
        if (skipped.contains(moment.value)) return Verdict::skip;
        return moment.value < first ? Verdict::good : Verdict::bad;
    };
}
using Offsets = std::vector<Offset>;

}  // namespace

TEST_CASE("the first bad moment is found in about as many questions as the range has bits") {
    for (std::uint64_t first = 1; first <= 100; ++first) {
        const auto found = bisect({0}, {100}, bad_from(first));

        CHECK(found.candidates == Offsets{{first}});
        CHECK(found.last_good == Offset{first - 1});
        CHECK(found.judged <= 7);
    }
    CHECK(bisect({0}, {1}, bad_from(1)).judged == 0);
    CHECK(bisect({0}, {1'000'000}, bad_from(777'777)).judged <= 20);
}

TEST_CASE("a skipped moment costs a question and no more, when it is not next to the first bad one") {
    const auto found = bisect({0}, {100}, bad_from(31, {50, 49, 51, 25}));

    CHECK(found.candidates == Offsets{{31}});
    CHECK(found.judged <= 11);
}

TEST_CASE("when only skipped moments are left, all that can be the first bad one are named") {
    const auto found = bisect({0}, {10}, bad_from(5, {4, 5, 6}));

    CHECK(found.last_good == Offset{3});
    CHECK(found.candidates == Offsets{{4}, {5}, {6}, {7}});
    CHECK(bisect({3}, {7}, bad_from(5, {4, 5, 6})).candidates == Offsets{{4}, {5}, {6}, {7}});
    CHECK(bisect({0}, {10}, bad_from(8, {4, 5, 6})).candidates == Offsets{{8}});
}

TEST_CASE("every choice of skipped moments leads to an honest answer") {
    constexpr std::uint64_t last = 9;
    for (unsigned mask = 0; mask < 256; ++mask) {
        std::set<std::uint64_t> skipped;
        for (unsigned bit = 0; bit < 8; ++bit) {
            if ((mask >> bit & 1) != 0) skipped.insert(bit + 1);
        }
        for (std::uint64_t first = 1; first <= last; ++first) {
            CAPTURE(mask);
            CAPTURE(first);
            const auto found = bisect({0}, {last}, bad_from(first, skipped));

            CHECK(found.last_good.value < first);
            CHECK(found.candidates.back().value >= first);
            CHECK(found.candidates.front().value == found.last_good.value + 1);
            for (std::size_t i = 0; i + 1 < found.candidates.size(); ++i)
                CHECK(skipped.contains(found.candidates[i].value));
        }
    }
}

TEST_CASE("what a judge throws ends the search") {
    CHECK_THROWS_AS((void)bisect({0}, {9}, [](Offset) -> Verdict { throw std::runtime_error("no"); }),
                    std::runtime_error);
}
