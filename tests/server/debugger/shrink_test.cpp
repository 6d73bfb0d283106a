#include "server/debugger/fixture.hpp"

namespace foldback::server::debugger_test {
namespace {

TEST_CASE("a stream is shrunk to the events that break an invariant, or make an expression true") {
    Debugged debugged;

    const auto broken = debugged.ask("shrink?stream=orders/42&keep=total-not-negative");
    const auto two_lines = debugged.ask("shrink?stream=orders/42&keep=count(/lines)%20=%202");

    CHECK(broken["stream"] == "orders/42");
    CHECK(broken["moment"] == 4);
    CHECK(broken["candidates"] == 4);
    REQUIRE(broken["kept"].size() == 1);
    CHECK(broken["kept"][0]["number"] == 4);
    CHECK(broken["kept"][0]["type"] == "Discounted");
    CHECK(broken["replays"] > 0);
    CHECK(broken["minimal"] == true);
    CHECK(two_lines["kept"].size() == 2);
}

TEST_CASE("what is never so cannot be shrunk, and too much is refused") {
    Debugged debugged({.max_shrunk_events = 3});

    const auto never = debugged.ask("shrink?stream=orders/42&keep=/total%20%3E%20999");

    CHECK(never["moment"].is_null());
    CHECK(never["kept"].empty());
    CHECK(debugged.refused("shrink?stream=orders/42&keep=total-not-negative", 413) == "too-many-events");
    CHECK(debugged.refused("shrink?stream=orders/42", 400) == "missing-parameter");
    CHECK(debugged.refused("shrink?stream=orders/42&keep=nonsense", 400) == "bad-expression");
}

TEST_CASE("some events of a stream are exported by their numbers") {
    Debugged debugged;

    const auto lines = debugged.get("/debug/api/export?stream=orders/42&events=2,4-5").text;
    const auto test = debugged.get("/debug/api/export?stream=orders/42&events=4&as=doctest").text;

    CHECK(std::count(lines.begin(), lines.end(), '\n') == 3);
    CHECK(lines.find("cup") == std::string::npos);
    CHECK(test.find("The events 4 of orders/42") != std::string::npos);
    CHECK(test.find("Discounted") != std::string::npos);
    CHECK(test.find("LineAdded") == std::string::npos);
    for (const auto* events : {"4,2", "2,2", "0", "x", "1,,2", "5-4", "1-", ","})
        CHECK(debugged.get(std::string("/debug/api/export?stream=orders/42&events=") + events).status == 400);
    CHECK(debugged.refused("export?stream=orders/42&events=6", 400) == "no-such-event");
}

}  // namespace
}  // namespace foldback::server::debugger_test
