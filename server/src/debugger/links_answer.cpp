#include <algorithm>

#include "debugger/answers.hpp"
#include "protocol/timestamp.hpp"

namespace foldback::server::debugger {

namespace {

/// How far to look, before and after the event, in messages of the whole store.
constexpr std::uint64_t window = 50'000;
constexpr std::size_t max_links = 200;

std::string text_in(const Json& object, const char* name) {
    if (!object.is_object()) return {};
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// What an event says of itself and of what led to it.
struct Names {
    std::string type;
    std::string id;
    std::string correlation;
    std::string causation;
};

Names names_in(std::string_view message) {
    const auto document = Json::parse(message, nullptr, false);
    if (!document.is_object()) return {};
    const auto meta = document.find("meta");
    const Json none = Json::object();
    const auto& metadata = meta != document.end() ? *meta : none;
    return {text_in(document, "type"), text_in(document, "id"), text_in(metadata, "correlation"),
            text_in(metadata, "causation")};
}

const char* relation(const Names& one, const Names& other) {
    if (!other.id.empty() && one.causation == other.id) return "cause";
    if (!one.id.empty() && other.causation == one.id) return "effect";
    if (!one.correlation.empty() && one.correlation == other.correlation) return "together";
    return nullptr;
}

}  // namespace

Json answer_links(Context& context, const Parameters& parameters) {
    const auto timeline = context.borrow(parameters);
    const auto at = event_of(*timeline, parameters.number("event", timeline->tail().value, 1, UINT64_MAX));
    const auto event = timeline->event(at);
    const Names names{event.type, event.id, event.metadata.correlation, event.metadata.causation};
    auto document = stamp(context, *timeline);
    document["event"] = brief_event(event, timeline.redaction());
    Json links = Json::array();
    const auto may_concern = [&](std::string_view message) {
        const auto holds = [&](const std::string& name) {
            return !name.empty() && message.find(name) != std::string_view::npos;
        };
        return holds(names.id) || holds(names.correlation) || holds(names.causation);
    };
    const auto center = event.position.value;
    FeedRequest request{.from = {center > window ? center - window : 0}};
    const Position end{center + window};
    bool complete = request.from.value == 0;
    while (request.from < end && links.size() < max_links) {
        const auto page = context.store.read_feed(request);
        for (const auto& message : page.messages) {
            if (message.position >= end || links.size() == max_links) break;
            if (message.framing != Framing::json || !may_concern(message.data)) continue;
            const auto other = names_in(message.data);
            const auto* how = message.position == event.position ? "this" : relation(names, other);
            if (how == nullptr) continue;
            links.push_back({{"relation", how},
                             {"stream", std::string(message.stream)},
                             {"event", message.offset.offset.value + 1},
                             {"type", other.type},
                             {"id", other.id},
                             {"causation", other.causation},
                             {"committed_at", protocol::format_timestamp(message.committed_at)}});
        }
        if (page.up_to_date) break;
        complete = complete && page.next < end;
        request.from = page.next;
    }
    document["links"] = std::move(links);
    document["complete"] = complete;
    return document;
}

}  // namespace foldback::server::debugger
