#pragma once

#include <utility>
#include <variant>
#include <vector>

#include "foldback/app/together.hpp"
#include "foldback/core/group_decision.hpp"

namespace foldback {

/// The outcome of a command on one aggregate and any number of others.
template <class OneEvent>
class [[nodiscard]] GroupOutcome : public CommandOutcome {
public:
    GroupOutcome(CommandOutcome outcome, std::vector<OneEvent> events = {})  // NOLINT(google-explicit-constructor)
        : CommandOutcome(std::move(outcome)), events_(std::move(events)) {}

    /// What was appended to the one aggregate. As Outcome::events.
    [[nodiscard]] const std::vector<OneEvent>& events() const noexcept { return events_; }

private:
    std::vector<OneEvent> events_;
};

/// One aggregate and any number of others of one kind, known only at run time, that a command changes together: all or
/// none. See `together`; what is said of Together holds here too.
template <class One, class Each>
class TogetherWithEach {
public:
    using Decided = GroupDecision<typename One::EventType, typename Each::EventType>;
    using Outcome = GroupOutcome<typename One::EventType>;
    /// The states of the others, in the order in which they were named. Valid during the call of `decide`.
    using EachState = std::vector<const typename Each::StateType*>;

    /// Throws std::invalid_argument when an aggregate is named twice. Precondition: all are in one store.
    TogetherWithEach(AggregateAt<One> one, std::vector<AggregateAt<Each>> each)
        : one_(std::move(one)), each_(std::move(each)) {
        for (const auto& other : each_) {
            FOLDBACK_CHECK(&other.repository.store() == &one_.repository.store(), "aggregates of one store");
        }
        detail::require_different_streams(streams());
    }

    /// Loads the aggregates, asks `decide(const OneState&, const EachState&)` for a GroupDecision, and appends all its
    /// events in one commit. When others appended to any of them meanwhile, what was missed is read, and decide asked
    /// again. Everything else is as with Repository::transact; what is known of a command with an id is where the
    /// repository of the one aggregate keeps it.
    template <class Decide>
    Outcome transact(Decide&& decide, const TransactOptions& options = {}) const {
        FOLDBACK_CHECK(options.max_attempts > 0, "a command is tried at least once");
        const auto why = detail::with_command(options);
        Members members(*this, options.presumes_new);
        const unsigned last_attempt = detail::attempts_of(options);
        for (unsigned attempt = 1;; ++attempt) {
            Decided decision = decide(members.one.state(), members.states());
            if (decision.is_rejected() || decision.is_nothing()) {
                if (!members.make_current()) return settle(members, decision, why);
                --attempt;
                continue;
            }
            FOLDBACK_CHECK(decision.each().size() == each_.size(), "a decision about each of the aggregates");
            auto tried = committer().append(members.parts(decision, why), why);
            if (const auto* appended = std::get_if<std::vector<Appended>>(&tried)) {
                return {members.happened(*appended), std::move(decision).one()};
            }
            if (const auto* first = std::get_if<detail::CommandRecord>(&tried)) return again(members, *first, why);
            const auto conflict = members.refresh(attempt);
            if (attempt == last_attempt) return CommandOutcome(conflict);
        }
    }

private:
    struct Members {
        Members(const TogetherWithEach& all, bool presumes_new) : one(all.one_, presumes_new) {
            each.reserve(all.each_.size());
            for (const auto& other : all.each_) each.emplace_back(other);
        }

        /// Calls `visit(member)` for each, the one first.
        template <class Visit>
        void for_all(Visit&& visit) {
            visit(one);
            for (auto& other : each) visit(other);
        }
        [[nodiscard]] EachState states() const {
            EachState states;
            for (const auto& other : each) states.push_back(&other.state());
            return states;
        }
        /// Whether one was not.
        bool make_current() {
            bool moved = false;
            for_all([&](auto& member) { moved = member.make_current() || moved; });
            return moved;
        }
        [[nodiscard]] std::vector<detail::CommitPart> parts(const Decided& decision, const TransactOptions& why) {
            std::size_t index = 0;
            std::vector<detail::CommitPart> parts{one.part(decision.one(), why, index)};
            for (std::size_t i = 0; i < each.size(); ++i) parts.push_back(each[i].part(decision.each()[i], why, index));
            return parts;
        }
        [[nodiscard]] CommandOutcome happened(const std::vector<Appended>& appended) {
            CommandOutcome::Happened happened;
            auto next = appended.begin();
            for_all([&](auto& member) { member.remember(*next++, happened); });
            return happened;
        }
        /// Reads what was missed; the conflict that it is: the first stream that moved.
        [[nodiscard]] Conflict refresh(unsigned attempt) {
            Conflict conflict{.stream = one.range().stream, .expected = {}, .tail = {}, .attempts = attempt};
            bool found = false;
            for_all([&](auto& member) {
                const auto before = member.offset();
                if (!member.refresh() || std::exchange(found, true)) return;
                conflict = {member.range().stream, before, member.offset(), attempt};
            });
            return conflict;
        }

        detail::Member<One> one;
        std::vector<detail::Member<Each>> each;
    };

    [[nodiscard]] std::vector<const StreamPath*> streams() const {
        std::vector<const StreamPath*> streams{&one_.stream};
        for (const auto& other : each_) streams.push_back(&other.stream);
        return streams;
    }
    [[nodiscard]] const detail::Committer& committer() const {
        return detail::RepositoryParts::committer(one_.repository);
    }

    [[nodiscard]] Outcome settle(Members& members, const Decided& decision, const TransactOptions& why) const {
        const auto* rejection = decision.is_rejected() ? &decision.rejection() : nullptr;
        std::vector<AppendedRange> ranges;
        members.for_all([&](const auto& member) { ranges.push_back(member.range()); });
        if (const auto first = committer().settle(ranges, rejection, why)) return again(members, *first, why);
        if (rejection != nullptr) return CommandOutcome(*rejection);
        return CommandOutcome(CommandOutcome::NothingHappened{});
    }

    [[nodiscard]] Outcome again(Members& members, const detail::CommandRecord& first,
                                const TransactOptions& why) const {
        detail::require_same_streams(first, streams(), why.command_id);
        if (!first.outcome.is_appended()) return first.outcome;
        std::size_t index = 0;
        Position position;
        auto events = members.one.events_of(first, why.command_id, index, position);
        for (const auto& other : members.each) (void)other.events_of(first, why.command_id, index, position);
        CommandOutcome outcome(CommandOutcome::Happened{first.outcome.ranges(), position});
        outcome.mark_duplicate();
        return {std::move(outcome), std::move(events)};
    }

    AggregateAt<One> one_;
    std::vector<AggregateAt<Each>> each_;
};

/// An aggregate and others of one kind, to be changed together:
///
///     std::vector<AggregateAt<Stock>> shelves;
///     for (const auto& line : command.lines) shelves.push_back(stock.at(line.sku));
///     auto outcome = together(orders.at("42"), shelves).transact(
///         [&](const OrderState& order, const std::vector<const StockState*>& stocks) { return place(order, stocks, command); });
template <class One, class Each>
[[nodiscard]] TogetherWithEach<One, Each> together(AggregateAt<One> one, std::vector<AggregateAt<Each>> each) {
    return {std::move(one), std::move(each)};
}

}  // namespace foldback
