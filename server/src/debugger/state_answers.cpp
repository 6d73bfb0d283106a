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

/// What there is to say of a moment; `previous` is the state before its event.
Json describe_moment(AnyTimeline& timeline, const Redaction& redaction, const Json& previous,
                     const std::optional<StoredEvent>& event) {
    Json document{{"moment", timeline.offset().value},
                  {"event", event ? whole_event(*event, redaction) : Json(nullptr)},
                  {"state", redaction.state(timeline.state())}};
    document["changes"] = list_changes(previous, document["state"], timeline.lens().identity);
    document["invariants"] = invariants_at(timeline);
    return document;
}

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
    std::optional<StoredEvent> event;
    if (has_event) event = timeline->event(before);
    auto document = stamp(context, *timeline);
    timeline->go_to(moment);
    document.update(describe_moment(*timeline, redaction, previous, event));
    return document;
}

Json answer_states(Context& context, const Parameters& parameters) {
    constexpr std::size_t most_bytes = 4 << 20;
    const auto timeline = context.borrow(parameters);
    const auto& redaction = timeline.redaction();
    auto document = stamp(context, *timeline);
    const auto first = timeline->first().value;
    const auto from = std::max(parameters.number("from", first, 0, timeline->tail().value), first);
    const auto count = parameters.number("count", 50, 1, 200);
    const Offset before{from > first ? from - 1 : from};
    const auto events = timeline->events(before, static_cast<std::size_t>(count));
    timeline->go_to(before);
    Json states = Json::array();
    auto previous = redaction.state(timeline->state());
    if (from == first) states.push_back(describe_moment(*timeline, redaction, previous, std::nullopt));
    std::size_t bytes = 0;
    for (const auto& event : events) {
        if (states.size() == count || bytes > most_bytes || !timeline->step_forward()) break;
        states.push_back(describe_moment(*timeline, redaction, previous, event));
        previous = states.back()["state"];
        bytes += event.text.size() + timeline->state().size();
    }
    document["from"] = from;
    document["states"] = std::move(states);
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

}  // namespace foldback::server::debugger
