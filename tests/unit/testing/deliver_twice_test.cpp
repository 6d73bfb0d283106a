#include "foldback/testing/deliver_twice.hpp"

#include <doctest/doctest.h>

#include <map>

using namespace foldback::testing;

namespace {

struct Note {
    int id = 0;
    int amount = 0;
};
const std::vector<Note> notes{{1, 10}, {2, 20}, {3, 30}};

struct Sum {
    int total = 0;
    int last = 0;
};
int total_of(const Sum& sum) { return sum.total; }

}  // namespace

TEST_CASE("a handler that knows what it has seen passes") {
    deliver_twice(
        notes, [] { return std::map<int, int>{}; }, [](auto& seen, const Note& note) { seen[note.id] = note.amount; },
        [](const auto& seen) { return seen; });
}

TEST_CASE("a handler that counts twice fails, and so does one that knows only the last message") {
    const auto make = [] { return Sum{}; };
    const auto forgetful = [](Sum& sum, const Note& note) { sum.total += note.amount; };
    const auto short_sighted = [](Sum& sum, const Note& note) {
        if (std::exchange(sum.last, note.id) != note.id) sum.total += note.amount;
    };

    try {
        deliver_twice(notes, make, forgetful, total_of);
        FAIL("should have failed");
    } catch (const TestFailure& failure) {
        const std::string text = failure.what();
        CHECK(text.ends_with("delivered message 1 twice, it is not as if delivered once\n  once:  60\n  twice: 70"));
    }
    CHECK_THROWS_WITH_AS(deliver_twice(notes, make, short_sighted, total_of), doctest::Contains("all of them again"),
                         TestFailure);
}
