#include <algorithm>

#include "debugger/answers.hpp"
#include "protocol/timestamp.hpp"

namespace foldback::server::debugger {

namespace {

Json describe(const Lens& lens, const char* kind) {
    Json invariants = Json::array();
    for (const auto& invariant : lens.invariants) invariants.push_back(invariant.name);
    Json identity = Json::array();
    for (const auto& field : lens.identity) identity.push_back({{"array", field.array}, {"member", field.member}});
    Json events = Json::array();
    for (const auto& event : lens.events) events.push_back({{"name", event.name}, {"version", event.version}});
    return {{"name", lens.name},    {"build", lens.build},     {"kind", kind},    {"invariants", invariants},
            {"identity", identity}, {"redacted", lens.redact}, {"events", events}};
}

/// Commits in order: when, and how many events lie before them.
struct Commits {
    std::vector<Timestamp> at;
    std::vector<std::uint64_t> before;
};

/// Only the places of the messages are read, not the messages.
Commits commits_of(StreamStore& store, const AnyTimeline& timeline) {
    Commits commits;
    ReadRequest request{.stream = timeline.stream(), .from = timeline.first(), .max_bytes = 4 << 20};
    request.renews_ttl = false;
    for (bool more = timeline.first() < timeline.tail(); more;) {
        const auto page = store.read(request).value();
        for (const auto& run : page.runs) {
            if (run.first >= timeline.tail()) break;
            if (!commits.at.empty() && commits.at.back() == run.committed_at) continue;
            commits.at.push_back(run.committed_at);
            commits.before.push_back(run.first.value);
        }
        request.from = page.next.offset;
        more = !page.up_to_date && page.next.offset < timeline.tail();
    }
    return commits;
}

Json outline_of(const Commits& commits, const AnyTimeline& timeline, std::size_t columns) {
    if (commits.at.empty())
        return {{"from", nullptr}, {"to", nullptr}, {"counts", Json::array()}, {"moments", Json::array()}};
    const auto from = commits.at.front();
    const auto to = *std::max_element(commits.at.begin(), commits.at.end());
    const auto span = std::max<std::int64_t>((to - from).count() + 1, 1);
    std::vector<std::uint64_t> counts(columns);
    std::vector<std::uint64_t> moments(columns, timeline.tail().value);
    for (std::size_t i = 0; i < commits.at.size(); ++i) {
        const auto since = std::clamp<std::int64_t>((commits.at[i] - from).count(), 0, span - 1);
        const auto column = static_cast<std::size_t>(static_cast<double>(since) / static_cast<double>(span) *
                                                     static_cast<double>(columns));
        const auto end = i + 1 < commits.at.size() ? commits.before[i + 1] : timeline.tail().value;
        counts[column] += end - commits.before[i];
        moments[column] = std::min(moments[column], commits.before[i] + 1);
    }
    // A column without events leads to the next one that has some.
    for (std::size_t i = columns - 1; i > 0; --i) moments[i - 1] = std::min(moments[i - 1], moments[i]);
    return {{"from", protocol::format_timestamp(from)},
            {"to", protocol::format_timestamp(to)},
            {"counts", counts},
            {"moments", moments}};
}

bool occurs(const Redaction& redaction, const StoredEvent& event, const std::string& text) {
    return redaction.message_text(event.text).find(text) != std::string::npos;
}

}  // namespace

Json answer_about(Context& context, const Parameters&) {
    Json lenses = Json::array();
    for (const auto& entry : context.registry.entries()) {
        lenses.push_back(describe(entry.lens, "aggregate"));
        lenses.back()["category"] = entry.category;
    }
    for (const auto& lens : builtin_lenses()) lenses.push_back(describe(lens, "built-in"));
    return {{"build", context.options.build},
            {"stream_prefix", context.options.stream_prefix},
            {"fork_prefix", context.options.fork_prefix},
            {"read_only", context.options.read_only},
            {"lenses", std::move(lenses)}};
}

Json answer_streams(Context& context, const Parameters& parameters) {
    const auto limit = parameters.number("limit", 100, 1, 1000);
    const auto found = context.store.list({.prefix = parameters.text("prefix", ""),
                                           .after = parameters.text("after", ""),
                                           .limit = static_cast<std::size_t>(limit)});
    Json streams = Json::array();
    for (const auto& info : found.streams) {
        const bool is_json = framing_of(info.config.content_type) == Framing::json;
        Json stream{{"stream", info.stream.text()},
                    {"content_type", info.config.content_type},
                    {"json", is_json},
                    {"tail", info.tail.offset.value},
                    {"first", info.first.value},
                    {"closed", info.closed},
                    {"created_at", protocol::format_timestamp(info.created_at)},
                    {"lens", is_json ? context.lens_for(info.stream, {}).name : ""}};
        if (info.forked_from) stream["forked_from"] = info.forked_from->text();
        streams.push_back(std::move(stream));
    }
    return {{"build", context.options.build}, {"streams", std::move(streams)}, {"complete", found.complete}};
}

Json answer_events(Context& context, const Parameters& parameters) {
    const auto timeline = context.borrow(parameters);
    const auto brief = parameters.text("brief", "0") == "1";
    const auto count = parameters.number("count", 100, 1, brief ? 2000 : 200);
    const auto first = timeline->first().value + 1;
    const auto number = std::max(parameters.number("from", first, 1, UINT64_MAX), first);
    auto document = stamp(context, *timeline);
    Json events = Json::array();
    if (number <= timeline->tail().value) {
        const Offset from{number - 1};
        if (brief) {
            const Offset to{std::min(timeline->tail().value, from.value + count)};
            const auto found = timeline->search({.from = from, .to = to, .limit = static_cast<std::size_t>(count)});
            for (const auto& event : found.events) events.push_back(brief_event(event, timeline.redaction()));
        } else {
            for (const auto& event : timeline->events(from, static_cast<std::size_t>(count)))
                events.push_back(whole_event(event, timeline.redaction()));
        }
    }
    document["from"] = number;
    document["page"] = std::move(events);
    return document;
}

Json answer_outline(Context& context, const Parameters& parameters) {
    const auto timeline = context.borrow(parameters);
    const auto columns = static_cast<std::size_t>(parameters.number("columns", 120, 1, 1000));
    auto document = stamp(context, *timeline);
    auto& kept = timeline.kept().outline;
    if (!kept || kept->tail != timeline->tail() || kept->document["counts"].size() != columns)
        kept = {timeline->tail(), outline_of(commits_of(context.store, *timeline), *timeline, columns)};
    document.update(kept->document);
    return document;
}

Json answer_search(Context& context, const Parameters& parameters) {
    const auto timeline = context.borrow(parameters);
    const auto& redaction = timeline.redaction();
    EventSearch search{.limit = static_cast<std::size_t>(parameters.number("limit", 100, 1, 1000))};
    if (auto type = parameters.text("type"); type && !type->empty()) search.types.push_back(*type);
    const auto text = parameters.text("text", "");
    if (redaction.empty())
        search.text = text;
    else if (!text.empty())
        search.matches = [&](const StoredEvent& event) { return occurs(redaction, event, text); };
    const auto first = timeline->first().value + 1;
    const auto from = std::max(parameters.number("from", first, 1, UINT64_MAX), first);
    search.from = {std::min(from - 1, timeline->tail().value)};
    const auto found = timeline->search(search);
    auto document = stamp(context, *timeline);
    Json events = Json::array();
    for (const auto& event : found.events) events.push_back(brief_event(event, redaction));
    document["found"] = std::move(events);
    document["complete"] = found.complete;
    document["next"] = found.next.value + 1;
    return document;
}

}  // namespace foldback::server::debugger
