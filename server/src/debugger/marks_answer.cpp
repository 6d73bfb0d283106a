#include "debugger/answers.hpp"

namespace foldback::server::debugger {

namespace {

/// How many of the stream's events lie before a position of the store.
Offset moment_before(AnyTimeline& timeline, Position position) {
    auto low = timeline.first().value;
    auto high = timeline.tail().value;
    while (low < high) {
        const auto middle = low + (high - low) / 2;
        if (timeline.event({middle}).position < position)
            low = middle + 1;
        else
            high = middle;
    }
    return {low};
}

Offset moment_of(AnyTimeline& timeline, const TimelineMark& mark) {
    if (const auto* position = std::get_if<Position>(&mark.until)) return moment_before(timeline, *position);
    return std::get<Offset>(mark.until);
}

const char* name_of(TimelineMark::Kind kind) {
    switch (kind) {
        case TimelineMark::Kind::snapshot: return "snapshot";
        case TimelineMark::Kind::projection: return "projection";
    }
    return "";
}

}  // namespace

Json answer_marks(Context& context, const Parameters& parameters) {
    constexpr std::size_t most = 200;
    const auto timeline = context.borrow(parameters);
    auto document = stamp(context, *timeline);
    Json marks = Json::array();
    if (context.options.marks) {
        for (const auto& mark : context.options.marks(timeline->stream())) {
            const auto moment = moment_of(*timeline, mark);
            // A snapshot of a namesake that was deleted, or of what came after the last refresh, has no place here.
            if (moment < timeline->first() || moment > timeline->tail() || marks.size() == most) continue;
            marks.push_back({{"kind", name_of(mark.kind)}, {"name", mark.name}, {"moment", moment.value}});
        }
    }
    document["marks"] = std::move(marks);
    return document;
}

}  // namespace foldback::server::debugger
