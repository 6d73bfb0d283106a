#include <algorithm>

#include "debugger/answers.hpp"
#include "debugger/changes.hpp"
#include "debugger/expression.hpp"
#include "foldback/history/json.hpp"

namespace foldback::server::debugger {

namespace {

Json state_at(AnyTimeline& timeline, Offset moment, const Redaction& redaction) {
    return redaction.state(timeline.state_at(moment));
}

/// The smallest, greatest and last number of each group of moments.
class Series {
public:
    Series(std::uint64_t moments, std::size_t points) : per_point_(std::max<std::uint64_t>(1, moments / points + 1)) {}

    void add(Offset moment, const Json* value) {
        if (count_ == 0) point_ = {{"moment", moment.value}, {"last", nullptr}, {"min", nullptr}, {"max", nullptr}};
        point_["last"] = value == nullptr ? Json(nullptr) : *value;
        if (value != nullptr) {
            if (point_["min"].is_null() || *value < point_["min"]) point_["min"] = *value;
            if (point_["max"].is_null() || *value > point_["max"]) point_["max"] = *value;
        }
        if (++count_ == per_point_) flush();
    }

    Json take() {
        if (count_ > 0) flush();
        return std::move(points_);
    }

    [[nodiscard]] std::uint64_t per_point() const noexcept { return per_point_; }

private:
    void flush() {
        points_.push_back(std::move(point_));
        count_ = 0;
    }

    std::uint64_t per_point_;
    std::uint64_t count_ = 0;
    Json point_;
    Json points_ = Json::array();
};

}  // namespace

Json invariants_at(AnyTimeline& timeline) {
    Json found = Json::array();
    for (const auto& invariant : timeline.lens().invariants)
        found.push_back({{"name", invariant.name}, {"holds", invariant.holds(timeline.fold())}});
    return found;
}

Json invariant_reports(AnyTimeline& timeline) {
    Json reports = Json::array();
    if (timeline.lens().invariants.empty()) return reports;
    for (const auto& report : timeline.check_invariants({.from = timeline.first()})) {
        Json broken = Json::array();
        for (const auto& range : report.broken) broken.push_back(Json::array({range.first.value, range.end.value}));
        const auto first = report.first();
        reports.push_back({{"name", report.name},
                           {"first", first ? Json(first->value) : Json(nullptr)},
                           {"broken", std::move(broken)},
                           {"complete", report.complete}});
    }
    return reports;
}

Json answer_state(Context& context, const Parameters& parameters) {
    const auto timeline = context.borrow(parameters);
    const auto& redaction = timeline.redaction();
    const auto moment = moment_of(*timeline, parameters.text("at", "tail"));
    const bool has_event = moment > timeline->first();
    const Offset before{has_event ? moment.value - 1 : moment.value};
    const auto previous = state_at(*timeline, before, redaction);
    auto document = stamp(context, *timeline);
    document["moment"] = moment.value;
    document["event"] = nullptr;
    if (has_event) document["event"] = whole_event(timeline->event(before), redaction);
    timeline->go_to(moment);
    document["state"] = state_at(*timeline, moment, redaction);
    document["changes"] = list_changes(previous, document["state"], timeline->lens().identity);
    document["invariants"] = invariants_at(*timeline);
    return document;
}

Json answer_diff(Context& context, const Parameters& parameters) {
    const auto timeline = context.borrow(parameters);
    const auto from = moment_of(*timeline, parameters.required("from"));
    const auto to = moment_of(*timeline, parameters.text("to", "tail"));
    auto before = state_at(*timeline, from, timeline.redaction());
    auto after = state_at(*timeline, to, timeline.redaction());
    auto document = stamp(context, *timeline);
    document["from"] = from.value;
    document["to"] = to.value;
    document["patch"] = Json::parse(json_diff(before.dump(), after.dump()));
    document["changes"] = list_changes(before, after, timeline->lens().identity);
    document["before"] = std::move(before);
    document["after"] = std::move(after);
    return document;
}

Json answer_blame(Context& context, const Parameters& parameters) {
    const auto timeline = context.borrow(parameters);
    const auto moment = moment_of(*timeline, parameters.text("at", "tail"));
    auto document = stamp(context, *timeline);
    document["moment"] = moment.value;
    Json fields = Json::array();
    for (const auto& blame : timeline->blame(moment)) {
        const bool hidden = timeline.redaction().hides(pointer_segments(blame.pointer));
        auto value = hidden ? Json(Redaction::mark) : Json::parse(blame.value, nullptr, false);
        fields.push_back({{"pointer", blame.pointer},
                          {"path", blame.path},
                          {"value", value.is_discarded() ? Json(nullptr) : std::move(value)},
                          {"event", blame.event ? Json(blame.event->value + 1) : Json(nullptr)},
                          {"type", blame.type}});
    }
    document["fields"] = std::move(fields);
    return document;
}

Json answer_invariants(Context& context, const Parameters& parameters) {
    const auto timeline = context.borrow(parameters);
    auto document = stamp(context, *timeline);
    auto& kept = timeline.kept().invariants;
    if (!kept || kept->tail != timeline->tail()) {
        constexpr std::size_t most_unreadable = 1000;
        Json unreadable = Json::array();
        auto reports = invariant_reports(*timeline);
        for (const auto& event : timeline->unreadable(timeline->tail())) {
            if (unreadable.size() == most_unreadable) break;
            unreadable.push_back({{"event", event.offset.value + 1}, {"problem", event.problem}});
        }
        kept = {timeline->tail(), {{"invariants", std::move(reports)}, {"unreadable", std::move(unreadable)}}};
    }
    document.update(kept->document);
    return document;
}

Json answer_series(Context& context, const Parameters& parameters) {
    const auto timeline = context.borrow(parameters);
    const auto pointer = parameters.required("pointer");
    const auto segments = pointer_segments(pointer);
    const auto points = static_cast<std::size_t>(parameters.number("points", 300, 1, 2000));
    Series series(timeline->tail().value - timeline->first().value + 1, points);
    Offset moment = timeline->first();
    const auto look = [&](std::string_view text) {
        const auto state = timeline.redaction().state(text);
        const Json* value = nullptr;
        each_value(state, segments, [&](const Json& found) {
            if (value == nullptr && found.is_number()) value = &found;
        });
        series.add(moment, value);
        ++moment.value;
        return false;
    };
    (void)timeline->first_where_json(look, {.from = timeline->first()});
    auto document = stamp(context, *timeline);
    document["pointer"] = pointer;
    document["moments_per_point"] = series.per_point();
    document["points"] = series.take();
    return document;
}

}  // namespace foldback::server::debugger
