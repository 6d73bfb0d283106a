#pragma once

#include <string>
#include <vector>

#include "foldback/app/committer.hpp"
#include "foldback/app/event_reader.hpp"

/// What the templates of repositories stand on. Not for direct use.
namespace foldback::detail {

/// The events that a command appended to one stream when it was first answered, numbered from `index` on. Empty when they
/// are not to be found any more. Moves `position` beyond them. Throws CorruptEvent, StorageError.
template <class Event>
[[nodiscard]] std::vector<Event> events_of_first_answer(StreamStore& store, const AppendedRange& range,
                                                        const std::string& command_id, std::size_t index,
                                                        Reading reading, Position& position) {
    std::vector<Event> events;
    EventReader<Event> reader(reading);
    for (auto at = range.first; at < range.next;) {
        const auto page = store.read({.stream = range.stream, .from = at, .max_messages = range.next.value - at.value});
        if (!page) return {};
        bool is_ours = true;
        reader.read(*page, range.stream.text(), [&](const Recorded<Event>& recorded) {
            const auto number = index + (recorded.offset.value - range.first.value);
            is_ours = is_ours && recorded.id == event_id_of(command_id, number);
            events.push_back(recorded.event);
            position = std::max(position, Position{recorded.position.value + 1});
        });
        if (!is_ours || page->runs.empty()) return {};
        at = page->next.offset;
    }
    return events;
}

}  // namespace foldback::detail
