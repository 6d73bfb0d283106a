#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "foldback/app/repository.hpp"
#include "foldback/core/joint_decision.hpp"

namespace foldback {

namespace detail {

/// One of several aggregates that are decided about together.
template <class Aggregate>
class Member {
public:
    using Event = typename Aggregate::EventType;

    /// `at` must outlive it.
    Member(const AggregateAt<Aggregate>& at, bool presumed_new = false)
        : repository_(at.repository),
          memory_(*RepositoryParts::memory(at.repository)),
          stream_(at.stream),
          working_(presumed_new ? Working<Aggregate>() : memory_.recall(stream_, is_current_)) {}

    [[nodiscard]] const typename Aggregate::StateType& state() const { return working_->aggregate.state(); }
    [[nodiscard]] Offset offset() const { return working_->aggregate.offset(); }
    [[nodiscard]] AppendedRange range() const { return {stream_, offset(), offset()}; }

    /// Reads what it misses; whether there was anything.
    bool refresh() {
        is_current_ = true;
        return memory_.refresh(stream_, working_);
    }
    bool make_current() { return !is_current_ && refresh(); }

    /// What to append of a decision. Events are numbered from `index` on, which moves behind them.
    [[nodiscard]] CommitPart part(const std::vector<Event>& events, const TransactOptions& why, std::size_t& index) {
        messages_ = events.empty() ? Messages() : repository_.encode(events, why, index);
        index += events.size();
        return {stream_, working_->point, messages_};
    }
    /// The part was appended. The member has no state any more.
    void remember(const Appended& appended, CommandOutcome::Happened& happened) {
        if (messages_.empty()) return;
        memory_.remember(stream_, std::move(working_), messages_, appended);
        happened.ranges.push_back({stream_, appended.first.offset, appended.next.offset});
        happened.position = std::max(happened.position, appended.next_position);
    }

    [[nodiscard]] std::vector<Event> events_of(const CommandRecord& first, const std::string& command_id,
                                               std::size_t& index, Position& position) const {
        const auto range = std::find_if(first.streams.begin(), first.streams.end(),
                                        [this](const AppendedRange& one) { return one.stream == stream_; });
        const auto begin = index;
        index += range->next.value - range->first.value;
        return events_of_first_answer<Event>(repository_.store(), *range, command_id, begin, Aggregate::reading,
                                             position);
    }

private:
    const Repository<Aggregate>& repository_;
    AggregateMemory<Aggregate>& memory_;
    const StreamPath& stream_;
    bool is_current_ = false;
    Working<Aggregate> working_;
    Messages messages_;  ///< of the part
};

}  // namespace detail

/// Several aggregates, of one kind or of several, that a command changes together: all or none. See `together`.
///
/// An aggregate that gets no events while others do is asserted: nothing is appended unless it is where it was read. So a rule
/// over several aggregates holds in the commit, and not only when the decision was made. A decision without any events is one
/// about each aggregate at some moment during the call.
template <class... Aggregates>
class Together {
    static_assert(sizeof...(Aggregates) >= 2, "a command on one aggregate is Repository::transact");

public:
    using Decided = JointDecision<typename Aggregates::EventType...>;
    using Outcome = JointOutcome<typename Aggregates::EventType...>;

    /// Throws std::invalid_argument when an aggregate is named twice. Precondition: all are in one store.
    explicit Together(AggregateAt<Aggregates>... aggregates) : aggregates_(std::move(aggregates)...) {
        detail::require_different_streams(streams());
        std::apply(
            [this](const auto&... one) {
                FOLDBACK_CHECK(((&one.repository.store() == &first().store()) && ...), "aggregates of one store");
            },
            aggregates_);
    }

    /// Loads the aggregates, asks `decide(const State&...)` for a JointDecision, and appends all its events in one commit. When
    /// others appended to any of them meanwhile, what was missed is read, and decide asked again. Everything else is as with
    /// Repository::transact. What is known of a command with an id is where the first aggregate's repository keeps it.
    template <class Decide>
    Outcome transact(Decide&& decide, const TransactOptions& options = {}) const {
        FOLDBACK_CHECK(options.max_attempts > 0, "a command is tried at least once");
        const auto why = detail::with_command(options);
        auto members = load(options.presumes_new);
        const unsigned last_attempt = detail::attempts_of(options);
        for (unsigned attempt = 1;; ++attempt) {
            Decided decision = std::apply([&](const auto&... one) { return Decided(decide(one.state()...)); }, members);
            if (decision.is_rejected() || decision.is_nothing()) {
                if (!make_current(members)) return settle(members, decision, why);
                --attempt;
                continue;
            }
            auto tried = committer().append(parts(members, decision, why), why);
            if (const auto* appended = std::get_if<std::vector<Appended>>(&tried)) {
                return {happened(members, *appended), std::move(decision).events()};
            }
            if (const auto* first = std::get_if<detail::CommandRecord>(&tried)) return again(members, *first, why);
            const auto conflict = refresh(members, attempt);
            if (attempt == last_attempt) return CommandOutcome(conflict);
        }
    }

private:
    using Members = std::tuple<detail::Member<Aggregates>...>;

    [[nodiscard]] std::vector<const StreamPath*> streams() const {
        return std::apply([](const auto&... one) { return std::vector<const StreamPath*>{&one.stream...}; },
                          aggregates_);
    }
    [[nodiscard]] const auto& first() const { return std::get<0>(aggregates_).repository; }
    [[nodiscard]] const detail::Committer& committer() const { return detail::RepositoryParts::committer(first()); }

    [[nodiscard]] Members load(bool presumes_new) const {
        return std::apply(
            // Braces: from left to right.
            [&](const auto&... one) {
                return Members{detail::Member<Aggregates>(one, std::exchange(presumes_new, false))...};
            },
            aggregates_);
    }

    /// Whether one was not.
    static bool make_current(Members& members) {
        return std::apply([](auto&... one) { return (0 + ... + (one.make_current() ? 1 : 0)) > 0; }, members);
    }

    [[nodiscard]] static std::vector<detail::CommitPart> parts(Members& members, const Decided& decision,
                                                               const TransactOptions& why) {
        std::vector<detail::CommitPart> parts;
        std::size_t index = 0;
        [&]<std::size_t... i>(std::index_sequence<i...>) {
            (parts.push_back(std::get<i>(members).part(std::get<i>(decision.events()), why, index)), ...);
        }
        (std::index_sequence_for<Aggregates...>{});
        return parts;
    }

    [[nodiscard]] static CommandOutcome happened(Members& members, const std::vector<Appended>& appended) {
        CommandOutcome::Happened happened;
        auto next = appended.begin();
        std::apply([&](auto&... one) { (one.remember(*next++, happened), ...); }, members);
        return happened;
    }

    /// Reads what was missed; the conflict that it is: the first stream that moved.
    [[nodiscard]] Conflict refresh(Members& members, unsigned attempt) const {
        Conflict conflict{
            .stream = std::get<0>(members).range().stream, .expected = {}, .tail = {}, .attempts = attempt};
        bool found = false;
        const auto one_by_one = [&](auto& one) {
            const auto before = one.offset();
            const bool moved = one.refresh();
            if (found || !moved) return;
            found = true;
            conflict = {.stream = one.range().stream, .expected = before, .tail = one.offset(), .attempts = attempt};
        };
        std::apply([&](auto&... one) { (one_by_one(one), ...); }, members);
        return conflict;
    }

    [[nodiscard]] Outcome settle(const Members& members, const Decided& decision, const TransactOptions& why) const {
        const auto* rejection = decision.is_rejected() ? &decision.rejection() : nullptr;
        const auto ranges = std::apply([](const auto&... one) { return std::vector{one.range()...}; }, members);
        if (const auto first = committer().settle(ranges, rejection, why)) return again(members, *first, why);
        if (rejection != nullptr) return CommandOutcome(*rejection);
        return CommandOutcome(CommandOutcome::NothingHappened{});
    }

    [[nodiscard]] Outcome again(const Members& members, const detail::CommandRecord& first,
                                const TransactOptions& why) const {
        detail::require_same_streams(first, streams(), why.command_id);
        if (!first.outcome.is_appended()) return first.outcome;
        std::size_t index = 0;
        Position position;
        auto events = std::apply(
            [&](const auto&... one) {
                // Braces: from left to right.
                return std::tuple<std::vector<typename Aggregates::EventType>...>{
                    one.events_of(first, why.command_id, index, position)...};
            },
            members);
        CommandOutcome outcome(CommandOutcome::Happened{first.outcome.ranges(), position});
        outcome.mark_duplicate();
        return {std::move(outcome), std::move(events)};
    }

    std::tuple<AggregateAt<Aggregates>...> aggregates_;
};

/// Aggregates to be changed together:
///
///     auto outcome = together(accounts.at("ada"), accounts.at("bob"))
///                        .transact([&](const AccountState& from, const AccountState& to) { return transfer(from, to, 50); });
template <class... Aggregates>
[[nodiscard]] Together<Aggregates...> together(AggregateAt<Aggregates>... aggregates) {
    return Together<Aggregates...>(std::move(aggregates)...);
}

}  // namespace foldback
