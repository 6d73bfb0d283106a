#include "debugger/context.hpp"

#include <algorithm>
#include <charconv>

#include "protocol/offset_token.hpp"
#include "protocol/timestamp.hpp"

namespace foldback::server::debugger {

namespace {

/// The members of a message's data in one line, for lists.
std::string summary_of(const StoredEvent& event, const Redaction& redaction) {
    constexpr std::size_t most_bytes = 160;
    constexpr std::size_t largest_read = 64 << 10;
    if (event.text.size() > largest_read) return "…";
    const auto message = redaction.message(event.text);
    if (message.is_discarded()) return {};
    const auto& data = message.is_object() && message.contains("data") ? message["data"] : message;
    std::string text;
    const auto add = [&](const std::string& part) { text += (text.empty() ? "" : " · ") + part; };
    if (data.is_object()) {
        for (const auto& [key, value] : data.items()) {
            if (text.size() > most_bytes) break;
            if (value.is_structured())
                add(key + (value.is_array() ? "[" + std::to_string(value.size()) + "]" : "{…}"));
            else
                add(key + " " + (value.is_string() ? value.get<std::string>() : value.dump()));
        }
    } else {
        text = data.dump();
    }
    if (text.size() <= most_bytes) return text;
    std::size_t end = most_bytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return text.substr(0, end) + "…";
}

/// A time as people write it, as the protocol wants it: `2026-11-23`, `2026-11-23 09:14`, `2026-11-23T09:14:07.2+01:00`.
/// UTC where no zone is said. What is no time stays what it is.
std::string as_timestamp(const std::string& text) {
    constexpr std::size_t day = 10;      // 2026-11-23
    constexpr std::size_t minutes = 16;  // 2026-11-23T09:14
    constexpr std::size_t seconds = 19;  // 2026-11-23T09:14:07
    if (text.size() < day) return text;
    auto time = text;
    if (time.size() == day) time += "T00:00";
    if (time[day] == ' ') time[day] = 'T';
    if (time.size() < minutes) return text;
    if (time.size() == minutes || time[minutes] != ':') time.insert(minutes, ":00");
    const auto zone = time.find_first_of("Zz+- ", std::min(seconds, time.size()));
    if (zone == std::string::npos)
        time += 'Z';
    else if (time[zone] == ' ')
        time.erase(zone, 1);
    return time;
}

}  // namespace

std::optional<std::uint64_t> whole_number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<std::string> Parameters::text(std::string_view name) const {
    const auto value = query_.value(name);
    if (!value) throw RequestError(value.error());
    if (*value == nullptr) return std::nullopt;
    return **value;
}

std::string Parameters::text(std::string_view name, std::string standard) const {
    return text(name).value_or(std::move(standard));
}

std::string Parameters::required(std::string_view name) const {
    auto value = text(name);
    if (!value || value->empty())
        throw RequestError(400, "missing-parameter", "The parameter " + std::string(name) + " is missing.");
    return *std::move(value);
}

std::uint64_t Parameters::number(std::string_view name, std::uint64_t standard, std::uint64_t least,
                                 std::uint64_t most) const {
    const auto value = text(name);
    if (!value) return standard;
    const auto number = whole_number(*value);
    if (!number || *number < least || *number > most)
        throw RequestError(400, "bad-parameter",
                           "The parameter " + std::string(name) + " must be a number from " + std::to_string(least) +
                               " to " + std::to_string(most) + ".");
    return *number;
}

Lens Context::lens_named(const std::string& name) const {
    try {
        return registry.lens_named(name);
    } catch (const std::invalid_argument& error) {
        throw RequestError(404, "no-such-lens", error.what());
    }
}

Lens Context::lens_for(const StreamPath& stream, const std::optional<std::string>& named) const {
    if (named && !named->empty()) return lens_named(*named);
    if (const auto* lens = registry.lens_for(stream)) return *lens;
    const auto& text = stream.text();
    if (text.size() > options.fork_prefix.size() && text.starts_with(options.fork_prefix)) {
        if (const auto* lens = registry.lens_for(text.substr(options.fork_prefix.size()))) return *lens;
    }
    return merge_lens();
}

void Context::open(KeptTimeline& kept, const StreamPath& stream, Lens lens) {
    kept.timeline.reset();
    kept.outline.reset();
    kept.invariants.reset();
    kept.redaction.emplace(lens.redact);
    try {
        kept.timeline.emplace(store, stream, std::move(lens), TimelineOptions{.max_bytes = options.max_timeline_bytes});
    } catch (const std::invalid_argument& error) {
        throw RequestError(400, "not-json", std::string("Only streams of JSON have a timeline: ") + error.what() + ".");
    }
}

Borrowed Context::borrow(const StreamPath& stream, const std::optional<std::string>& named) {
    auto lens = lens_for(stream, named);
    std::shared_ptr<KeptTimeline> kept;
    {
        const std::lock_guard lock(mutex_);
        const auto found = std::find_if(kept_.begin(), kept_.end(), [&](const Named& one) {
            return one.stream == stream.text() && one.lens == lens.name;
        });
        if (found != kept_.end()) {
            kept = found->kept;
            std::rotate(found, found + 1, kept_.end());
        } else {
            if (kept_.size() >= std::max<std::size_t>(options.max_timelines, 1)) kept_.erase(kept_.begin());
            kept = std::make_shared<KeptTimeline>();
            kept_.push_back({stream.text(), lens.name, kept});
        }
    }
    std::unique_lock turn(kept->mutex);
    if (!kept->timeline) {
        open(*kept, stream, std::move(lens));
    } else {
        try {
            kept->timeline->refresh();
        } catch (const StorageError&) {
            throw;
        } catch (const std::runtime_error&) {
            // Deleted, perhaps created again since: another history.
            open(*kept, stream, std::move(lens));
        }
    }
    if (kept->timeline->tail().value - kept->timeline->first().value > options.max_stream_events)
        throw RequestError(
            413, "too-many-events",
            "The stream has more events than the debugger folds: " + std::to_string(options.max_stream_events) + ".");
    return {std::move(kept), std::move(turn)};
}

Borrowed Context::borrow(const Parameters& parameters) {
    return borrow(stream_path(parameters.required("stream")), parameters.text("lens"));
}

StreamPath stream_path(const std::string& text) {
    auto path = StreamPath::parse(text);
    if (!path) throw RequestError(400, "bad-stream", "This is no name of a stream: " + path.error());
    return *std::move(path);
}

Offset moment_of(AnyTimeline& timeline, const std::string& text) {
    const auto first = timeline.first().value;
    const auto tail = timeline.tail().value;
    if (text.empty() || text == "tail" || text == "now") return timeline.tail();
    if (text == "first") return timeline.first();
    auto number = whole_number(text);
    if (const auto token = protocol::parse_offset_token(text)) number = token->offset.value;
    if (number) {
        if (*number < first || *number > tail)
            throw RequestError(400, "no-such-moment",
                               "The stream has the moments " + std::to_string(first) + " to " + std::to_string(tail) +
                                   ", not " + text + ".");
        return {*number};
    }
    if (text.front() == '-') {
        const auto back = whole_number(std::string_view(text).substr(1));
        if (back && *back <= tail - first) return {tail - *back};
        if (back)
            throw RequestError(400, "no-such-moment",
                               "The stream has only " + std::to_string(tail - first) + " events before its tail.");
    }
    if (const auto time = protocol::parse_timestamp(as_timestamp(text))) return timeline.moment_at(*time);
    throw RequestError(400, "bad-moment",
                       "A moment is a number of events, such as 17, -3 before the tail, or a time such as "
                       "2026-11-23T09:14:07Z or 2026-11-23 09:14, which is UTC.");
}

Offset event_of(const AnyTimeline& timeline, std::uint64_t number) {
    const auto first = timeline.first().value + 1;
    const auto last = timeline.tail().value;
    if (first > last) throw RequestError(400, "no-such-event", "The stream has no events.");
    if (number < first || number > last)
        throw RequestError(400, "no-such-event",
                           "The stream has the events " + std::to_string(first) + " to " + std::to_string(last) +
                               ", not " + std::to_string(number) + ".");
    return {number - 1};
}

Json stamp(const Context& context, const AnyTimeline& timeline) {
    const auto& lens = timeline.lens();
    return {{"stream", timeline.stream().text()}, {"lens", {{"name", lens.name}, {"build", lens.build}}},
            {"build", context.options.build},     {"first", timeline.first().value},
            {"tail", timeline.tail().value},      {"events", timeline.tail().value - timeline.first().value}};
}

Json brief_event(const StoredEvent& event, const Redaction& redaction) {
    Json document{{"number", event.offset.value + 1},
                  {"type", event.type},
                  {"version", event.version},
                  {"committed_at", protocol::format_timestamp(event.committed_at)},
                  {"summary", summary_of(event, redaction)}};
    if (!event.problem.empty()) document["problem"] = event.problem;
    return document;
}

Json whole_event(const StoredEvent& event, const Redaction& redaction) {
    auto document = brief_event(event, redaction);
    document["offset"] = event.offset.value;
    document["position"] = event.position.value;
    if (!event.id.empty()) document["id"] = event.id;
    if (event.timestamp) document["timestamp"] = protocol::format_timestamp(*event.timestamp);
    Json metadata = Json::object();
    const auto add = [&](const char* name, const std::string& value) {
        if (!value.empty()) metadata[name] = value;
    };
    add("correlation", event.metadata.correlation);
    add("causation", event.metadata.causation);
    add("command", event.metadata.command);
    add("actor", event.metadata.actor);
    add("traceparent", event.metadata.traceparent);
    document["metadata"] = std::move(metadata);
    document["stored"] = redaction.message_text(event.text);
    Json current = Json::array();
    for (const auto& one : event.current) {
        auto value = redaction.message(one);
        current.push_back(value.is_discarded() ? Json(redaction.empty() ? one : std::string(Redaction::mark))
                                               : std::move(value));
    }
    document["current"] = std::move(current);
    return document;
}

}  // namespace foldback::server::debugger
