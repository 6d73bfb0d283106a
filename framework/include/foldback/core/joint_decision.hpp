#pragma once

#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "foldback/core/decision.hpp"

namespace foldback {

/// What a `decide` function answers to a command on several aggregates: for each of them, in their order, the events that
/// happen to it; or nothing at all; or a rejection.
///
/// `return {{Withdrawn{…}}, {Deposited{…}}};` events; `return {};` nothing; `return reject("code", "text");` no.
template <class... Events>
class [[nodiscard]] JointDecision {
    static_assert(sizeof...(Events) >= 2, "a command on one aggregate has a Decision");

public:
    /// Nothing happens: what the command wants is already so.
    JointDecision() = default;
    /// These events happen, to each aggregate in this order; none to some, perhaps.
    JointDecision(std::vector<Events>... events) : events_(std::move(events)...) {}
    /// The rules forbid it.
    JointDecision(Rejection rejection)  // NOLINT(google-explicit-constructor)
        : rejection_(std::move(rejection)), rejected_(true) {}

    [[nodiscard]] bool is_rejected() const noexcept { return rejected_; }
    [[nodiscard]] bool is_nothing() const noexcept {
        return !rejected_ && std::apply([](const auto&... events) { return (events.empty() && ...); }, events_);
    }
    /// All empty when rejected and when nothing happens.
    [[nodiscard]] const std::tuple<std::vector<Events>...>& events() const& noexcept { return events_; }
    [[nodiscard]] std::tuple<std::vector<Events>...>&& events() && noexcept { return std::move(events_); }
    /// Precondition: is_rejected().
    [[nodiscard]] const Rejection& rejection() const {
        FOLDBACK_CHECK(rejected_, "a decision that rejects nothing has no rejection");
        return rejection_;
    }

private:
    std::tuple<std::vector<Events>...> events_;
    Rejection rejection_;
    bool rejected_ = false;
};

}  // namespace foldback
