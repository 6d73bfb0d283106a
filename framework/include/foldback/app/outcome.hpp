#pragma once

#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "foldback/core/decision.hpp"
#include "foldback/store/types.hpp"

namespace foldback {

/// Where the events of a command are: the messages of `stream` from `first` up to, not including, `next`.
struct AppendedRange {
    StreamPath stream;
    Offset first;
    Offset next;

    friend bool operator==(const AppendedRange&, const AppendedRange&) = default;
};

/// The lost race: others wrote to `stream` each time between reading and appending. Nothing was appended.
struct Conflict {
    StreamPath stream;
    Offset expected;  ///< where the stream was when the last decision was made
    Offset tail;      ///< where it was when that was to be appended
    unsigned attempts = 0;
};

/// What became of a command: its events were appended, or nothing was to do, or the rules forbid it, or the race was lost.
/// All but a conflict is an answer; a duplicate is an answer given again (see TransactOptions::command_id).
class [[nodiscard]] CommandOutcome {
public:
    struct Happened {
        std::vector<AppendedRange> ranges;
        Position position;
    };
    struct NothingHappened {};

    CommandOutcome(Happened happened) : answer_(std::move(happened)) {}     // NOLINT(google-explicit-constructor)
    CommandOutcome(NothingHappened nothing) : answer_(nothing) {}           // NOLINT(google-explicit-constructor)
    CommandOutcome(Rejection rejection) : answer_(std::move(rejection)) {}  // NOLINT(google-explicit-constructor)
    CommandOutcome(Conflict conflict) : answer_(std::move(conflict)) {}     // NOLINT(google-explicit-constructor)

    [[nodiscard]] bool is_appended() const noexcept { return std::holds_alternative<Happened>(answer_); }
    [[nodiscard]] bool is_nothing() const noexcept { return std::holds_alternative<NothingHappened>(answer_); }
    [[nodiscard]] bool is_rejected() const noexcept { return std::holds_alternative<Rejection>(answer_); }
    [[nodiscard]] bool is_conflict() const noexcept { return std::holds_alternative<Conflict>(answer_); }
    /// What the command wants is so: appended, or nothing to do.
    [[nodiscard]] bool is_done() const noexcept { return is_appended() || is_nothing(); }
    /// A command of this id was answered before: this is that answer, and nothing was decided or appended now.
    [[nodiscard]] bool is_duplicate() const noexcept { return duplicate_; }

    /// Where the events are, one entry for each stream that got some; empty unless is_appended().
    [[nodiscard]] const std::vector<AppendedRange>& ranges() const noexcept {
        static const std::vector<AppendedRange> none;
        const auto* happened = std::get_if<Happened>(&answer_);
        return happened != nullptr ? happened->ranges : none;
    }
    /// One past the last event, store-wide: wait for it to read what was written. 0 unless is_appended(), and of a duplicate
    /// whose events are not to be found any more.
    [[nodiscard]] Position position() const noexcept {
        const auto* happened = std::get_if<Happened>(&answer_);
        return happened != nullptr ? happened->position : Position{};
    }
    /// Precondition: is_rejected().
    [[nodiscard]] const Rejection& rejection() const {
        FOLDBACK_CHECK(is_rejected(), "only a rejected command has a rejection");
        return std::get<Rejection>(answer_);
    }
    /// Precondition: is_conflict().
    [[nodiscard]] const Conflict& conflict() const {
        FOLDBACK_CHECK(is_conflict(), "only a lost race has a conflict");
        return std::get<Conflict>(answer_);
    }

    void mark_duplicate() noexcept { duplicate_ = true; }

private:
    std::variant<NothingHappened, Happened, Rejection, Conflict> answer_;
    bool duplicate_ = false;
};

/// The outcome of a command on one aggregate.
template <class Event>
class [[nodiscard]] Outcome : public CommandOutcome {
public:
    Outcome(CommandOutcome outcome, std::vector<Event> events = {})  // NOLINT(google-explicit-constructor)
        : CommandOutcome(std::move(outcome)), events_(std::move(events)) {}

    /// What was appended, in order. Empty unless is_appended(), and of a duplicate whose events are not to be found any more
    /// (truncated, or the stream was deleted).
    [[nodiscard]] const std::vector<Event>& events() const noexcept { return events_; }

private:
    std::vector<Event> events_;
};

/// The outcome of a command on several aggregates.
template <class... Events>
class [[nodiscard]] JointOutcome : public CommandOutcome {
public:
    JointOutcome(CommandOutcome outcome, std::tuple<std::vector<Events>...> events = {})  // NOLINT
        : CommandOutcome(std::move(outcome)), events_(std::move(events)) {}

    /// What was appended to each aggregate, in the order in which they were named. As Outcome::events.
    [[nodiscard]] const std::tuple<std::vector<Events>...>& events() const noexcept { return events_; }

private:
    std::tuple<std::vector<Events>...> events_;
};

}  // namespace foldback
