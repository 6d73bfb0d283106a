#pragma once

#include <utility>
#include <vector>

#include "foldback/core/check.hpp"
#include "foldback/core/decision.hpp"

namespace foldback {

/// What a `decide` function answers to a command on one aggregate and any number of others of one kind: the events that
/// happen to each; or nothing at all; or a rejection.
///
/// `return {{OrderPlaced{…}}, {{StockReserved{…}}, {StockReserved{…}}}};` events; `return {};` nothing;
/// `return reject("code", "text");` no.
template <class OneEvent, class EachEvent>
class [[nodiscard]] GroupDecision {
public:
    /// Nothing happens: what the command wants is already so.
    GroupDecision() = default;
    /// These events happen: to the one, and to each of the others in their order. `each` has an entry for each of them.
    GroupDecision(std::vector<OneEvent> one, std::vector<std::vector<EachEvent>> each)
        : one_(std::move(one)), each_(std::move(each)) {}
    /// The rules forbid it.
    GroupDecision(Rejection rejection)  // NOLINT(google-explicit-constructor)
        : rejection_(std::move(rejection)), rejected_(true) {}

    [[nodiscard]] bool is_rejected() const noexcept { return rejected_; }
    [[nodiscard]] bool is_nothing() const noexcept {
        if (rejected_ || !one_.empty()) return false;
        for (const auto& events : each_) {
            if (!events.empty()) return false;
        }
        return true;
    }
    /// Empty when rejected and when nothing happens.
    [[nodiscard]] const std::vector<OneEvent>& one() const& noexcept { return one_; }
    [[nodiscard]] std::vector<OneEvent>&& one() && noexcept { return std::move(one_); }
    [[nodiscard]] const std::vector<std::vector<EachEvent>>& each() const noexcept { return each_; }
    /// Precondition: is_rejected().
    [[nodiscard]] const Rejection& rejection() const {
        FOLDBACK_CHECK(rejected_, "a decision that rejects nothing has no rejection");
        return rejection_;
    }

private:
    std::vector<OneEvent> one_;
    std::vector<std::vector<EachEvent>> each_;
    Rejection rejection_;
    bool rejected_ = false;
};

}  // namespace foldback
