#include "foldback/core/decision.hpp"

#include <doctest/doctest.h>

using namespace foldback;

namespace {

struct Paid {
    int cents = 0;
};
struct Shipped {};
using Event = std::variant<Paid, Shipped>;

Decision<Event> decide(int cents) {
    if (cents < 0) return reject("negative", "{} is less than {}", cents, "nothing");
    if (cents == 0) return {};
    if (cents == 1) return {Paid{1}, Shipped{}};
    return Paid{cents};
}

}  // namespace

TEST_CASE("a decision is events, nothing or a rejection") {
    CHECK(decide(0).is_nothing());
    CHECK(decide(1).events().size() == 2);
    CHECK(std::get<Paid>(decide(7).events().at(0)).cents == 7);
    REQUIRE(decide(-3).is_rejected());
    CHECK_FALSE(decide(-3).is_nothing());
    CHECK(decide(-3).rejection() == Rejection{"negative", "-3 is less than nothing"});
}

TEST_CASE("a rejection's text takes what arguments there are") {
    CHECK(reject("a", "{} and {}", 1).text == "1 and {}");
    CHECK(reject("a", "none", 1, true).text == "none");
    CHECK(reject("a", "{}{}", true, std::string("x")).text == "truex");
}
