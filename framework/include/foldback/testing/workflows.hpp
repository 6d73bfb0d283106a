#pragma once

#include <concepts>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <boost/assert/source_location.hpp>

#include "foldback/app/workflow.hpp"
#include "foldback/testing/failure.hpp"
#include "foldback/testing/given.hpp"
#include "foldback/testing/text_of.hpp"

namespace foldback::testing {

/// What a workflow does about an input, and what to expect of it.
template <class State, class Command>
class Reacted {
public:
    Reacted(detail::Story story, State after, Reactions<Command> reactions)
        : story_(std::move(story)), after_(std::move(after)), reactions_(std::move(reactions)) {}

    /// Exactly these, in this order.
    const Reacted& then(const Reactions<Command>& expected) const {
        const auto wanted = texts_of(expected);
        const auto got = texts_of(reactions_);
        if (wanted != got) fail(detail::told(story_, wanted, got), story_.where);
        return *this;
    }
    /// Exactly these commands, and no timeouts.
    template <class... Commands>
    requires(std::constructible_from<Command, const Commands&>&&...) const Reacted& then_sends(
        const Commands&... commands) const {
        Reactions<Command> expected;
        (expected.send(Command(commands)), ...);
        return then(expected);
    }
    const Reacted& then_nothing() const { return then({}); }
    /// What is remembered after the input, and before the commands that it led to.
    template <std::predicate<const State&> Predicate>
    const Reacted& then_state(const Predicate& predicate) const {
        if (!predicate(after_)) {
            fail(detail::told(story_, {"a state that matches the predicate"}, {text_of(after_)}), story_.where);
        }
        return *this;
    }

    [[nodiscard]] const Reactions<Command>& reactions() const noexcept { return reactions_; }

private:
    using Timeout = typename Reactions<Command>::SetTimeout;

    [[nodiscard]] static std::string text(const Command& command) { return "send " + text_of(command); }
    [[nodiscard]] static std::string text(const Timeout& timeout) {
        return "timeout \"" + timeout.name + "\" in " + std::to_string(timeout.delay.count()) + " ms";
    }
    [[nodiscard]] static std::string text(const TimeoutCancelled& timeout) {
        return "cancel timeout \"" + timeout.name + "\"";
    }
    [[nodiscard]] static std::string text(const WorkflowCompleted&) { return "complete"; }
    [[nodiscard]] static std::vector<std::string> texts_of(const Reactions<Command>& reactions) {
        std::vector<std::string> texts;
        for (const auto& step : reactions.steps()) {
            texts.push_back(std::visit([](const auto& one) { return text(one); }, step));
        }
        return texts;
    }

    detail::Story story_;
    State after_;
    Reactions<Command> reactions_;
};

/// What a workflow has been through.
template <class State, class Command>
class GivenWorkflow {
public:
    GivenWorkflow(State state, std::vector<std::string> told) : state_(std::move(state)) {
        story_.given = std::move(told);
    }

    /// An input, or TimedOut, comes in: `decide(state, input)` of the workflow says what to do. An input that it has no
    /// `decide` for does not compile.
    template <class Input>
    [[nodiscard]] Reacted<State, Command> when(const Input& input,
                                               const boost::source_location& where = BOOST_CURRENT_LOCATION) const {
        auto story = story_;
        story.when = text_of_input(input);
        story.where = where;
        Reactions<Command> reactions = decide(state_, input);
        auto after = state_;
        if constexpr (requires { after.apply(input); }) after.apply(input);
        return {std::move(story), std::move(after), std::move(reactions)};
    }

    [[nodiscard]] const State& state() const noexcept { return state_; }

    template <class Input>
    [[nodiscard]] static std::string text_of_input(const Input& input) {
        return detail::short_name<Input>() + " " + text_of(input);
    }

private:
    State state_;
    detail::Story story_;
};

/// Begins a scenario of a workflow: these inputs, timeouts and commands are in its stream. What its state has no `apply`
/// for is passed over.
///
///     given_workflow<FulfilmentState, FulfilmentCommand>(OrderPlaced{"ann"})
///         .when(TimedOut{"payment"})
///         .then(Reactions<FulfilmentCommand>().send(CancelOrder{"unpaid"}).complete());
template <class State, class Command, class... Inputs>
[[nodiscard]] GivenWorkflow<State, Command> given_workflow(const Inputs&... inputs) {
    State state{};
    [[maybe_unused]] const auto apply = [&state](const auto& input) {
        if constexpr (requires { state.apply(input); }) state.apply(input);
    };
    (apply(inputs), ...);
    return {std::move(state), {GivenWorkflow<State, Command>::text_of_input(inputs)...}};
}

}  // namespace foldback::testing
