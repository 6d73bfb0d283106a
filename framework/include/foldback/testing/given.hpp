#pragma once

#include <concepts>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/assert/source_location.hpp>

#include "foldback/core/aggregate.hpp"
#include "foldback/core/decision.hpp"
#include "foldback/core/decode.hpp"
#include "foldback/testing/failure.hpp"
#include "foldback/testing/text_of.hpp"

namespace foldback::testing {

namespace detail {

/// What a scenario tells before its expectation.
struct Story {
    std::vector<std::string> given;
    std::string when;
    boost::source_location where;
};

/// Lines of the story, of what was expected and of what came.
[[nodiscard]] std::string told(const Story& story, const std::vector<std::string>& expected,
                               const std::vector<std::string>& got);

template <class Event>
[[nodiscard]] std::vector<std::string> texts_of(const std::vector<Event>& events) {
    std::vector<std::string> texts;
    for (const auto& event : events) texts.push_back(text_of(event));
    return texts;
}

template <class Event>
[[nodiscard]] bool same_events(const std::vector<Event>& left, const std::vector<Event>& right) {
    if (left.size() != right.size()) return false;
    for (std::size_t i = 0; i < left.size(); ++i) {
        if (left[i].index() != right[i].index()) return false;
        const bool equal =
            std::visit([&]<class Struct>(const Struct& one) { return same(one, std::get<Struct>(right[i].variant())); },
                       left[i].variant());
        if (!equal) return false;
    }
    return true;
}

}  // namespace detail

/// What was decided, and what to expect of it. Each expectation returns the outcome, so that several can be chained.
template <class Aggregate>
class Outcome {
public:
    using State = typename Aggregate::StateType;
    using Event = typename Aggregate::EventType;

    Outcome(detail::Story story, Aggregate before, Decision<Event> decision)
        : story_(std::move(story)), before_(std::move(before)), decision_(std::move(decision)) {}

    /// Exactly these events, in this order. None given: as then_nothing.
    template <class... Events>
    requires(std::constructible_from<Event, const Events&>&&...) const Outcome& then(const Events&... events) const {
        const std::vector<Event> expected{Event(events)...};
        const bool as_expected = !decision_.is_rejected() && detail::same_events(decision_.events(), expected);
        return expect(as_expected, expected.empty() ? std::vector<std::string>{"nothing"} : detail::texts_of(expected));
    }
    /// Events for which this is true: for what cannot be written down, such as new ids.
    template <std::predicate<const std::vector<Event>&> Predicate>
    const Outcome& then_events(const Predicate& predicate) const {
        return expect(!decision_.is_rejected() && predicate(decision_.events()), {"events that match the predicate"});
    }
    /// No, for this reason; with a text also in these words.
    const Outcome& then_rejected(std::string_view code, std::string_view text = {}) const {
        const bool as_expected = decision_.is_rejected() && decision_.rejection().code == code &&
                                 (text.empty() || decision_.rejection().text == text);
        return expect(as_expected, {detail_rejection({std::string(code), std::string(text)})});
    }
    /// Nothing happens, and nothing is wrong with that.
    const Outcome& then_nothing() const { return expect(decision_.is_nothing(), {"nothing"}); }

    /// The state once the events are applied is this one, or one for which the predicate is true.
    template <std::predicate<const State&> Predicate>
    const Outcome& then_state(const Predicate& predicate) const {
        const auto state = after();
        if (!predicate(state)) {
            fail(detail::told(story_, {"a state that matches the predicate"}, {text_of(state)}), story_.where);
        }
        return *this;
    }
    const Outcome& then_state(const State& expected) const {
        const auto state = after();
        if (!same(state, expected)) fail(detail::told(story_, {text_of(expected)}, {text_of(state)}), story_.where);
        return *this;
    }

    [[nodiscard]] const Decision<Event>& decision() const noexcept { return decision_; }

private:
    [[nodiscard]] static std::string detail_rejection(const Rejection& rejection) {
        return "rejected: " + rejection.code + (rejection.text.empty() ? "" : " (" + rejection.text + ")");
    }
    [[nodiscard]] State after() const {
        auto aggregate = before_;
        aggregate.fold(decision_.events());
        return aggregate.state();
    }
    const Outcome& expect(bool as_expected, const std::vector<std::string>& expected) const {
        if (as_expected) return *this;
        auto got = detail::texts_of(decision_.events());
        if (decision_.is_rejected()) got = {detail_rejection(decision_.rejection())};
        if (decision_.is_nothing()) got = {"nothing"};
        fail(detail::told(story_, expected, got), story_.where);
        return *this;
    }

    detail::Story story_;
    Aggregate before_;
    Decision<Event> decision_;
};

/// What has happened before.
template <class Aggregate>
class Given {
public:
    using State = typename Aggregate::StateType;
    using Event = typename Aggregate::EventType;

    Given(Aggregate aggregate, std::vector<std::string> told) : aggregate_(std::move(aggregate)) {
        story_.given = std::move(told);
    }

    /// Decides a command: `decide(state, command)`.
    template <class Decide, class Command>
    requires std::is_invocable_v<const Decide&, const State&, const Command&>
    [[nodiscard]] Outcome<Aggregate> when(const Decide& decide, const Command& command,
                                          const boost::source_location& where = BOOST_CURRENT_LOCATION) const {
        auto story = story_;
        story.when = detail::short_name<Command>() + " " + text_of(command);
        story.where = where;
        return {std::move(story), aggregate_, decide(aggregate_.state(), command)};
    }
    /// Decides what has no command: `decide(state)`.
    template <class Decide>
    requires std::is_invocable_v<const Decide&, const State&>
    [[nodiscard]] Outcome<Aggregate> when(const Decide& decide,
                                          const boost::source_location& where = BOOST_CURRENT_LOCATION) const {
        auto story = story_;
        story.when = "a decision";
        story.where = where;
        return {std::move(story), aggregate_, decide(aggregate_.state())};
    }

    /// The state is this one already, or one for which the predicate is true.
    const Given& then_state(const State& expected, const boost::source_location& where = BOOST_CURRENT_LOCATION) const {
        if (!same(aggregate_.state(), expected))
            fail(detail::told(story_, {text_of(expected)}, {text_of(aggregate_.state())}), where);
        return *this;
    }
    template <std::predicate<const State&> Predicate>
    const Given& then_state(const Predicate& predicate,
                            const boost::source_location& where = BOOST_CURRENT_LOCATION) const {
        if (!predicate(aggregate_.state()))
            fail(detail::told(story_, {"a state that matches the predicate"}, {text_of(aggregate_.state())}), where);
        return *this;
    }

    [[nodiscard]] const State& state() const noexcept { return aggregate_.state(); }

private:
    Aggregate aggregate_;
    detail::Story story_;
};

/// Begins a scenario: these events have happened, one message each.
///
///     given<Order>(OrderPlaced{"Ada"}).when(pay, Pay{"p-1"}).then(OrderPaid{"p-1"});
///     given<Order>().when(pay, Pay{"p-1"}).then_rejected("no-order");
template <class Aggregate, class... Events>
requires(std::constructible_from<typename Aggregate::EventType, const Events&>&&...)
    [[nodiscard]] Given<Aggregate> given(const Events&... events) {
    const std::vector<typename Aggregate::EventType> history{typename Aggregate::EventType(events)...};
    Aggregate aggregate;
    aggregate.fold(history);
    return {std::move(aggregate), detail::texts_of(history)};
}

/// The same for a history in a range.
template <class Aggregate>
[[nodiscard]] Given<Aggregate> given_events(const std::vector<typename Aggregate::EventType>& history) {
    Aggregate aggregate;
    aggregate.fold(history);
    return {std::move(aggregate), detail::texts_of(history)};
}

/// The same for stored messages, old versions among them: they are decoded and upcast. Throws CorruptEvent for a message
/// that is no event of the aggregate.
template <class Aggregate>
[[nodiscard]] Given<Aggregate> given_stored(const std::vector<std::string>& messages) {
    Aggregate aggregate;
    EnvelopeReader envelope;
    for (const auto& message : messages) {
        try {
            envelope.open(message);
            decode_data<typename Aggregate::EventType>(envelope, Aggregate::reading, aggregate.mergers(),
                                                       [&](const auto& event) { aggregate.apply_piece(event); });
        } catch (const JsonError& error) {
            throw_corrupt("the given messages", aggregate.offset(), envelope, error);
        }
        aggregate.move_to({aggregate.offset().value + 1});
    }
    return {std::move(aggregate), messages};
}

}  // namespace foldback::testing
