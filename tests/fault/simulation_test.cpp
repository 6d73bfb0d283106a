#include "fault/simulation.hpp"

#include <doctest/doctest.h>

#include "support/environment.hpp"

/// A failure names its seed; FOLDBACK_SEED runs that one alone, FOLDBACK_ROUNDS as many times the seeds.
namespace foldback::fault {
namespace {

constexpr unsigned generations = 4;
constexpr unsigned steps = 150;

}  // namespace

TEST_CASE("whatever clients, disk and scheduling do, nobody sees what must not be") {
    const auto only = test::number_from("FOLDBACK_SEED", 0);
    const auto seeds = only != 0 ? 1 : 2'000 * test::number_from("FOLDBACK_ROUNDS", 1);
    std::uint64_t requests = 0;
    std::uint64_t waits = 0;
    std::uint64_t handovers = 0;
    std::uint64_t handovers_with_news = 0;
    for (std::uint64_t seed = only != 0 ? only : 1; seed < (only != 0 ? only : 1) + seeds; ++seed) {
        Simulation simulation(seed);
        try {
            simulation.run(generations, steps);
        } catch (const std::exception& error) {
            FAIL("FOLDBACK_SEED=", seed, ": ", std::string(error.what()), "\n", simulation.journal());
        }
        requests += simulation.requests();
        waits += simulation.waits();
        handovers += simulation.handovers();
        handovers_with_news += simulation.handovers_with_news();
    }
    MESSAGE(seeds, " seeds, ", requests, " requests, ", waits, " waiting readers asked, ", handovers, " handovers, ",
            handovers_with_news, " handovers with news in between");
    CHECK(requests > seeds * generations * steps / 4);
    CHECK(waits > seeds / 2);
    CHECK(handovers_with_news > seeds / 4);
}

TEST_CASE("the same seed gives the same answers") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Simulation first(seed);
        Simulation second(seed);
        first.run(generations, steps);
        second.run(generations, steps);
        CHECK(first.fingerprint() == second.fingerprint());
    }
}

TEST_CASE("the check of a history sees what is lost, doubled, out of order, too early, stale or refused") {
    const AppendSeen one{.message = 1, .invoked = 1, .answered = 2, .next_offset = "1", .producer = "p", .order = 1};
    const AppendSeen two{.message = 2, .invoked = 3, .answered = 4, .next_offset = "2", .producer = "p", .order = 2};
    StreamSeen seen{.appends = {one, two}, .readers = {{.messages = {1, 2}}}, .closed_at = {}};

    CHECK_NOTHROW(check_history("s", seen, {1, 2}));
    CHECK_THROWS_AS(check_history("s", seen, {1}), Violation);
    CHECK_THROWS_AS(check_history("s", seen, {1, 2, 1}), Violation);
    CHECK_THROWS_AS(check_history("s", seen, {2, 1}), Violation);
    CHECK_THROWS_AS(check_history("s", seen, {1, 2, 3}), Violation);
    seen.readers = {{.messages = {2}}};
    CHECK_THROWS_AS(check_history("s", seen, {1, 2}), Violation);
    seen.readers = {{.messages = {1}, .saw_end = true}};
    CHECK_THROWS_AS(check_history("s", seen, {1, 2}), Violation);
    seen.readers.clear();
    seen.tails = {{.invoked = 3, .answered = 3, .next_offset = "1"}};
    CHECK_NOTHROW(check_history("s", seen, {1, 2}));
    seen.tails = {{.invoked = 5, .answered = 5, .next_offset = "1"}};
    CHECK_THROWS_AS(check_history("s", seen, {1, 2}), Violation);
    seen.tails = {{.invoked = 5, .answered = 5, .next_offset = "3"}, {.invoked = 6, .answered = 6, .next_offset = "2"}};
    CHECK_THROWS_AS(check_history("s", seen, {1, 2}), Violation);
    seen.tails.clear();
    seen.appends.push_back({.message = 3, .invoked = 5, .answered = 6, .refused = true});
    CHECK_NOTHROW(check_history("s", seen, {1, 2}));
    CHECK_THROWS_AS(check_history("s", seen, {1, 2, 3}), Violation);
    seen.appends.pop_back();
    seen.closed_at = 2;
    CHECK_THROWS_AS(check_history("s", seen, {1, 2}), Violation);
}

}  // namespace foldback::fault
