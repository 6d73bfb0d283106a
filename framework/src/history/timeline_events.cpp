#include <algorithm>
#include <string>
#include <utility>

#include "foldback/history/any_timeline.hpp"
#include "history/engine.hpp"
#include "history/stored_event.hpp"

namespace foldback {

namespace {

bool has_type(const std::vector<std::string>& types, std::string_view message) {
    std::string storage;
    return types.empty() || std::find(types.begin(), types.end(), history::type_of(message, storage)) != types.end();
}

}  // namespace

StoredEvent AnyTimeline::event(Offset at) {
    engine_->check_event(at);
    return std::move(events(at, 1).front());
}

std::vector<StoredEvent> AnyTimeline::events(Offset from, std::size_t count) {
    engine_->check_moment(from);
    const Offset end{from.value + std::min<std::uint64_t>(count, tail().value - from.value)};
    std::vector<StoredEvent> events;
    engine_->seek(from);
    for (Offset at = from; at < end; ++at.value) {
        auto event = history::stored_event(engine_->message(at, end.value - at.value));
        event.current = engine_->fold().current_events(event.text, event.problem);
        (void)engine_->step();
        if (const auto* problem = engine_->problem_at(at)) event.problem = *problem;
        events.push_back(std::move(event));
    }
    return events;
}

FoundEvents AnyTimeline::search(const EventSearch& what) {
    const Offset from = std::max(what.from, first());
    const Offset end = what.to.value_or(tail());
    engine_->check_moment(from);
    engine_->check_moment(end);
    FoundEvents found{.next = from};
    for (; found.next < end; ++found.next.value) {
        if (found.events.size() == what.limit || !history::goes_on(what.progress, from, found.next, end)) {
            found.complete = false;
            break;
        }
        const auto& message = engine_->message(found.next, end.value - found.next.value);
        if (message.data.find(what.text) == std::string_view::npos || !has_type(what.types, message.data)) continue;
        auto event = history::stored_event(message);
        if (const auto* problem = engine_->problem_at(found.next)) event.problem = *problem;
        if (!what.matches || what.matches(event)) found.events.push_back(std::move(event));
    }
    return found;
}

std::string AnyTimeline::problem_at(Offset event) {
    engine_->check_event(event);
    engine_->seek({event.value + 1});
    const auto* problem = engine_->problem_at(event);
    return problem == nullptr ? std::string() : *problem;
}

std::vector<UnreadableEvent> AnyTimeline::unreadable(Offset up_to) {
    engine_->seek(up_to);
    std::vector<UnreadableEvent> events;
    for (const auto& [offset, problem] : engine_->problems()) {
        if (offset < up_to) events.push_back({offset, problem});
    }
    return events;
}

}  // namespace foldback
