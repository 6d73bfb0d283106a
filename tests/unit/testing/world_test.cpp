#include "foldback/testing/world.hpp"

#include <doctest/doctest.h>

#include "unit/testing/account.hpp"

using namespace foldback;
using namespace foldback::kit_test;

TEST_CASE("a world stores the same bytes every time") {
    std::vector<std::string> texts;
    for (int i = 0; i < 2; ++i) {
        testing::World world;
        const auto accounts = world.repository<Account>("accounts");
        world.clock.advance(std::chrono::seconds(1));
        REQUIRE(accounts.append("1", Offset{0}, std::vector<AccountEvent>{Opened{"Ada"}, Deposited{1}}).has_value());
        CHECK(accounts.load("1").state().cents == 1);
        for (const auto& message : world.store().read({.stream = "accounts/1"}).value())
            texts.emplace_back(message.data);
    }

    REQUIRE(texts.size() == 4);
    CHECK(texts[0] == texts[2]);
    CHECK(texts[1] == R"({"type":"Deposited","version":2,"id":"id-2","timestamp":1700000001000,"data":{"cents":1}})");
    CHECK(texts[1] == texts[3]);
}
