#include "fault/history_check.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace foldback::fault {
namespace {

using Places = std::map<std::uint64_t, std::size_t>;

Places places_in(const std::string& stream, const std::vector<std::uint64_t>& log) {
    Places places;
    for (std::size_t at = 0; at < log.size(); ++at) {
        const bool fresh = places.emplace(log[at], at).second;
        require_history(fresh, stream + ": message " + std::to_string(log[at]) + " is there twice");
    }
    return places;
}

/// Acknowledged: there. Refused every time: not there. Anything there was asked for.
void check_presence(const std::string& stream, const StreamSeen& seen, const Places& places) {
    std::map<std::uint64_t, bool> may_be_there;
    for (const auto& append : seen.appends) {
        may_be_there[append.message] |= !append.refused;
        require_history(!append.next_offset || places.contains(append.message),
                        stream + ": message " + std::to_string(append.message) + " was acknowledged and is lost");
    }
    for (const auto& [message, place] : places) {
        const auto name = std::to_string(message);
        const auto asked = may_be_there.find(message);
        require_history(asked != may_be_there.end(), stream + ": nobody wrote message " + name);
        require_history(asked->second, stream + ": message " + name + " was refused and is there");
    }
}

/// Who was answered before another asked comes before it, in the log and in the offsets that both were told.
void check_order(const std::string& stream, const StreamSeen& seen, const Places& places) {
    std::vector<const AppendSeen*> acknowledged;
    for (const auto& append : seen.appends) {
        if (append.next_offset && !append.duplicate) acknowledged.push_back(&append);
    }
    std::sort(acknowledged.begin(), acknowledged.end(), [&](const auto* left, const auto* right) {
        return places.at(left->message) < places.at(right->message);
    });
    std::uint64_t latest_invocation = 0;
    for (std::size_t i = 0; i < acknowledged.size(); ++i) {
        const auto& append = *acknowledged[i];
        const auto name = stream + ": message " + std::to_string(append.message);
        require_history(*append.answered >= latest_invocation,
                        name + " was answered before another was sent that comes before it");
        latest_invocation = std::max(latest_invocation, append.invoked);
        if (i == 0) continue;
        require_history(*acknowledged[i - 1]->next_offset < *append.next_offset,
                        name + " has no greater offset than the message before it");
    }
}

void check_producers(const std::string& stream, const StreamSeen& seen, const Places& places) {
    std::map<std::string, std::map<std::uint64_t, std::uint64_t>> by_producer;
    for (const auto& append : seen.appends) {
        if (!append.producer.empty() && places.contains(append.message))
            by_producer[append.producer][append.order] = append.message;
    }
    for (const auto& [producer, messages] : by_producer) {
        std::optional<std::size_t> last;
        for (const auto& [order, message] : messages) {
            const auto place = places.at(message);
            require_history(!last || *last < place, stream + ": producer " + producer + " is out of order at message " +
                                                        std::to_string(message));
            last = place;
        }
    }
}

/// Every reader got a piece of the log without a gap; one that saw the end got all of it.
void check_readers(const std::string& stream, const StreamSeen& seen, const std::vector<std::uint64_t>& log,
                   const Places& places) {
    for (const auto& reader : seen.readers) {
        if (reader.messages.empty()) continue;
        const auto first = places.find(reader.messages.front());
        require_history(first != places.end(), stream + ": a reader saw message " +
                                                   std::to_string(reader.messages.front()) + ", which is gone");
        require_history(!reader.from_start || first->second == 0, stream + ": a reader missed the beginning");
        for (std::size_t i = 0; i < reader.messages.size(); ++i) {
            const auto at = first->second + i;
            require_history(at < log.size() && log[at] == reader.messages[i],
                            stream + ": a reader saw message " + std::to_string(reader.messages[i]) +
                                " out of place, " + std::to_string(i) + " after its first");
        }
        if (reader.saw_end) {
            require_history(first->second + reader.messages.size() == log.size(),
                            stream + ": a reader was told of the end before it");
        }
    }
}

/// An end is not before what had been acknowledged when it was asked for, nor before an end that was told earlier.
void check_tails(const std::string& stream, const StreamSeen& seen) {
    std::vector<std::pair<std::uint64_t, const std::string*>> told;
    for (const auto& append : seen.appends) {
        if (append.next_offset) told.emplace_back(*append.answered, &*append.next_offset);
    }
    for (const auto& tail : seen.tails) told.emplace_back(tail.answered, &tail.next_offset);
    std::sort(told.begin(), told.end());
    std::string_view greatest;
    auto next = told.begin();
    for (const auto& tail : seen.tails) {
        for (; next != told.end() && next->first < tail.invoked; ++next) {
            greatest = std::max(greatest, std::string_view(*next->second));
        }
        require_history(tail.next_offset >= greatest,
                        stream + ": its end is told to be " + tail.next_offset + " after " + std::string(greatest));
    }
}

void check_closure(const std::string& stream, const StreamSeen& seen) {
    if (!seen.closed_at) return;
    for (const auto& append : seen.appends) {
        const bool later = append.invoked > *seen.closed_at && append.next_offset && !append.duplicate;
        require_history(!later, stream + ": message " + std::to_string(append.message) +
                                    " was accepted after the stream had been closed");
    }
}

}  // namespace

void check_history(const std::string& stream, const StreamSeen& seen, const std::vector<std::uint64_t>& log) {
    const auto places = places_in(stream, log);
    check_presence(stream, seen, places);
    check_order(stream, seen, places);
    check_producers(stream, seen, places);
    check_readers(stream, seen, log, places);
    check_tails(stream, seen);
    check_closure(stream, seen);
}

}  // namespace foldback::fault
