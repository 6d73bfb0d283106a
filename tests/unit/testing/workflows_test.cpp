#include "foldback/testing/workflows.hpp"

#include <doctest/doctest.h>

#include "unit/testing/account.hpp"

namespace foldback::kit_test {

struct SendLetter {
    std::string to;
};
BOOST_DESCRIBE_STRUCT(SendLetter, (), (to))
using LetterCommand = Events<Named<"SendLetter", 1, SendLetter>>;

struct LetterState {
    std::string owner;
    void apply(const Opened& opened) { owner = opened.owner; }
};
BOOST_DESCRIBE_STRUCT(LetterState, (), (owner))

inline Reactions<LetterCommand> decide(const LetterState&, const Opened&) {
    return Reactions<LetterCommand>().timeout_in("welcome", std::chrono::minutes(1));
}
inline Reactions<LetterCommand> decide(const LetterState& state, const TimedOut&) {
    if (state.owner.empty()) return {};
    return Reactions<LetterCommand>().send(SendLetter{state.owner}).cancel_timeout("other").complete();
}

}  // namespace foldback::kit_test

using namespace foldback;
using namespace foldback::kit_test;
using namespace foldback::testing;

TEST_CASE("a workflow reacts as expected") {
    given_workflow<LetterState, LetterCommand>()
        .when(Opened{"Ada"})
        .then(Reactions<LetterCommand>().timeout_in("welcome", std::chrono::minutes(1)))
        .then_state([](const LetterState& state) { return state.owner == "Ada"; });
    given_workflow<LetterState, LetterCommand>(Opened{"Ada"}, Deposited{5})
        .when(TimedOut{"welcome"})
        .then(Reactions<LetterCommand>().send(SendLetter{"Ada"}).cancel_timeout("other").complete());
    given_workflow<LetterState, LetterCommand>().when(TimedOut{"welcome"}).then_nothing();
}

TEST_CASE("other reactions than expected fail with the story") {
    const auto reacted = given_workflow<LetterState, LetterCommand>(Opened{"Ada"}).when(TimedOut{"welcome"});

    CHECK_THROWS_WITH_AS(reacted.then_sends(SendLetter{"Ada"}), doctest::Contains(R"(given     Opened {"owner":"Ada"}
when      TimedOut {"name":"welcome"}
expected  send SendLetter {"to":"Ada"}
but got   send SendLetter {"to":"Ada"}
          cancel timeout "other"
          complete)"),
                         TestFailure);
    CHECK_THROWS_AS(reacted.then_nothing(), TestFailure);
    CHECK_THROWS_AS(reacted.then_state([](const LetterState& state) { return state.owner.empty(); }), TestFailure);
}
