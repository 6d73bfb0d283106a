#include <algorithm>
#include <utility>

#include "foldback/history/any_timeline.hpp"
#include "foldback/history/json.hpp"
#include "history/engine.hpp"

namespace foldback {

namespace {

/// The last checkpoint between two moments at which a monotone predicate does not hold yet.
Offset bisect(const std::vector<history::Checkpoints::Entry>& entries, const FoldPredicate& predicate, Offset from,
              Offset to) {
    const auto begin = std::upper_bound(entries.begin(), entries.end(), from,
                                        [](Offset at, const auto& entry) { return at < entry.at; });
    const auto end =
        std::upper_bound(begin, entries.end(), to, [](Offset at, const auto& entry) { return at < entry.at; });
    const auto first_true =
        std::partition_point(begin, end, [&](const auto& entry) { return !predicate(*entry.fold); });
    return first_true == begin ? from : std::prev(first_true)->at;
}

}  // namespace

FirstMoment AnyTimeline::first_where(const FoldPredicate& predicate, const Scan& scan) {
    const Offset from = std::max(scan.from, first());
    const Offset end = engine_->end_of(scan);
    engine_->check_moment(from);
    if (from > end) return {};
    engine_->seek(scan.monotone ? bisect(engine_->checkpoints().entries(), predicate, from, end) : from);
    engine_->read_ahead_to(end);
    while (!predicate(engine_->fold())) {
        if (engine_->at() == end) return {};
        if (!history::goes_on(scan.progress, from, engine_->at(), end)) return {.complete = false};
        (void)engine_->step();
    }
    engine_->stand = engine_->at();
    return {.moment = engine_->at()};
}

FirstMoment AnyTimeline::first_where_json(const std::function<bool(std::string_view)>& predicate, const Scan& scan) {
    std::string text;
    const auto on_text = [&](const Fold& fold) {
        text.clear();
        fold.write_state(text);
        return predicate(text);
    };
    return first_where(on_text, scan);
}

std::vector<InvariantReport> AnyTimeline::check_invariants(const Scan& scan) {
    const auto& invariants = lens().invariants;
    std::vector<InvariantReport> reports;
    for (const auto& invariant : invariants) reports.push_back({.name = invariant.name, .broken = {}});
    const auto look = [&](Offset moment) {
        for (std::size_t i = 0; i < invariants.size(); ++i) {
            auto& [name, broken, complete] = reports[i];
            if (invariants[i].holds(engine_->fold())) continue;
            if (!broken.empty() && broken.back().end == moment) {
                ++broken.back().end.value;
            } else if (broken.size() < InvariantReport::max_ranges) {
                broken.push_back({moment, {moment.value + 1}});
            } else {
                complete = false;
            }
        }
    };
    const Offset from = std::max(scan.from, first());
    const Offset end = engine_->end_of(scan);
    engine_->seek(from);
    engine_->read_ahead_to(end);
    look(from);
    while (engine_->at() < end) {
        if (!history::goes_on(scan.progress, from, engine_->at(), end)) {
            for (auto& report : reports) report.complete = false;
            break;
        }
        (void)engine_->step();
        look(engine_->at());
    }
    return reports;
}

std::optional<Divergence> AnyTimeline::first_divergence(AnyTimeline& other, const Scan& scan) {
    auto& left = *engine_;
    auto& right = *other.engine_;
    const Offset from = std::max({scan.from, left.first(), right.first()});
    const Offset end = std::min(left.end_of(scan), right.tail());
    if (from > end) return std::nullopt;
    left.seek(from);
    right.seek(from);
    left.read_ahead_to(end);
    right.read_ahead_to(end);
    std::string left_state;
    std::string right_state;
    while (true) {
        left_state.clear();
        right_state.clear();
        left.fold().write_state(left_state);
        right.fold().write_state(right_state);
        const Offset moment = left.at();
        const Offset event{moment.value == 0 ? 0 : moment.value - 1};
        const auto* left_problem = moment > from ? left.problem_at(event) : nullptr;
        const auto* right_problem = moment > from ? right.problem_at(event) : nullptr;
        const bool same_reading = (left_problem == nullptr) == (right_problem == nullptr);
        if (!same_reading || (left_state != right_state && !json_equal(left_state, right_state))) {
            return Divergence{.moment = moment,
                              .left = left_state,
                              .right = right_state,
                              .patch = json_diff(left_state, right_state),
                              .left_problem = left_problem == nullptr ? "" : *left_problem,
                              .right_problem = right_problem == nullptr ? "" : *right_problem};
        }
        if (moment == end || !history::goes_on(scan.progress, from, moment, end)) return std::nullopt;
        (void)left.step();
        (void)right.step();
    }
}

}  // namespace foldback
