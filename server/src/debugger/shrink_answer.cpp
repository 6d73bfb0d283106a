#include "debugger/answers.hpp"
#include "debugger/question.hpp"

namespace foldback::server::debugger {

Json answer_shrink(Context& context, const Parameters& parameters) {
    const auto question = parameters.required("keep");
    const auto timeline = context.borrow(parameters);
    const auto keeps = predicate_of(question, timeline->lens(), timeline.redaction());
    auto document = stamp(context, *timeline);
    document["keep"] = question;
    document["moment"] = nullptr;
    document["candidates"] = 0;
    document["kept"] = Json::array();
    const auto moment = timeline->first_where(keeps, {.from = timeline->first()}).moment;
    if (!moment) return document;
    const auto candidates = moment->value - timeline->first().value;
    if (candidates > context.options.max_shrunk_events)
        throw RequestError(413, "too-many-events",
                           "There are " + std::to_string(candidates) +
                               " events before it is so; the debugger shrinks " +
                               std::to_string(context.options.max_shrunk_events) + ".");
    const auto shrunk = timeline->shrink(keeps).value();
    document["moment"] = shrunk.moment.value;
    document["candidates"] = candidates;
    for (const auto event : shrunk.kept)
        document["kept"].push_back(brief_event(timeline->event(event), timeline.redaction()));
    document["replays"] = shrunk.replays;
    document["minimal"] = shrunk.minimal;
    return document;
}

}  // namespace foldback::server::debugger
