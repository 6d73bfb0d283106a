#include "foldback/history/shrink.hpp"

#include <algorithm>
#include <memory>
#include <numeric>
#include <string>
#include <utility>

#include "foldback/history/any_timeline.hpp"
#include "history/engine.hpp"

namespace foldback {

Shrunk shrink(std::size_t count, const KeepsFailure& keeps, std::size_t max_trials) {
    Shrunk shrunk{.kept = std::vector<std::size_t>(count)};
    auto& kept = shrunk.kept;
    std::iota(kept.begin(), kept.end(), std::size_t{0});
    std::vector<std::size_t> rest;
    for (auto size = std::max<std::size_t>(count, 1); !kept.empty();) {
        bool smaller = false;
        for (auto end = kept.size(); end > 0;) {
            const auto begin = end - std::min(size, end);
            rest.assign(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(begin));
            rest.insert(rest.end(), kept.begin() + static_cast<std::ptrdiff_t>(end), kept.end());
            if (shrunk.trials == max_trials) {
                shrunk.minimal = false;
                return shrunk;
            }
            ++shrunk.trials;
            if (keeps(rest)) {
                kept.swap(rest);
                smaller = true;
            }
            end = begin;
        }
        if (size == 1 && !smaller) break;
        size = std::min(std::max<std::size_t>(size / 2, 1), std::max<std::size_t>(kept.size(), 1));
    }
    return shrunk;
}

namespace {

/// Replays some of a history's events.
class Replays {
public:
    Replays(const Fold& start, const FoldPredicate& fails, const ShrinkLimits& limits)
        : start_(start), fails_(fails), limits_(limits) {}

    void add(Offset event, std::string message) {
        events_.push_back(event);
        messages_.push_back(std::move(message));
    }
    [[nodiscard]] const std::vector<Offset>& events() const noexcept { return events_; }
    [[nodiscard]] bool is_exhausted() const noexcept { return folded_ > limits_.max_folded; }

    /// Events that cannot be folded without those that are missing are another failure.
    [[nodiscard]] bool fail(std::span<const std::size_t> kept) {
        const auto fold = start_.clone();
        std::string problem;
        for (const auto index : kept) {
            if (++folded_ > limits_.max_folded || fold->apply(messages_[index], problem) != Folded::yes) return false;
        }
        return fails_(*fold);
    }

private:
    const Fold& start_;
    const FoldPredicate& fails_;
    ShrinkLimits limits_;
    std::vector<Offset> events_;
    std::vector<std::string> messages_;
    std::uint64_t folded_ = 0;
};

}  // namespace

std::optional<ShrunkHistory> AnyTimeline::shrink(const FoldPredicate& fails, const ShrinkLimits& limits) {
    const auto moment = first_where(fails, {.from = first()}).moment;
    if (!moment) return std::nullopt;
    Replays replays(*engine_->checkpoints().entries().front().fold, fails, limits);
    for (Offset event = first(); event < *moment; ++event.value) {
        // What could not be folded changed nothing.
        if (engine_->problem_at(event) != nullptr) continue;
        replays.add(event, std::string(engine_->message(event, moment->value - event.value).data));
    }
    const auto keeps = [&](std::span<const std::size_t> kept) { return replays.fail(kept); };
    const auto shrunk = foldback::shrink(replays.events().size(), keeps, limits.max_replays);
    ShrunkHistory history{
        .moment = *moment, .replays = shrunk.trials, .minimal = shrunk.minimal && !replays.is_exhausted()};
    for (const auto index : shrunk.kept) history.kept.push_back(replays.events()[index]);
    return history;
}

}  // namespace foldback
