#include <algorithm>

#include "debugger/answers.hpp"
#include "debugger/changes.hpp"

namespace foldback::server::debugger {

namespace {

constexpr std::size_t max_edits = 1000;
constexpr std::size_t max_rows = 500;

[[noreturn]] void refuse(std::string detail) { throw RequestError(400, "bad-what-if", std::move(detail)); }

std::optional<std::string> text_in(const Json& body, const char* name) {
    const auto found = body.find(name);
    if (found == body.end() || found->is_null()) return std::nullopt;
    if (!found->is_string()) refuse(std::string("\"") + name + "\" must be a string.");
    return found->get<std::string>();
}

std::uint64_t number_in(const Json& edit, const char* name) {
    const auto& value = edit[name];
    if (!value.is_number_unsigned()) refuse(std::string("\"") + name + "\" must be the number of an event.");
    return value.get<std::uint64_t>();
}

const Json& event_in(const Json& edit) {
    const auto found = edit.find("event");
    if (found == edit.end()) refuse("\"event\" is missing: the message as it would have been stored.");
    return *found;
}

/// One of {"skip": 17}, {"replace": 17, "event": …} and {"insert_before": 17, "event": …}.
void add_edit(Edits& edits, const Json& edit, AnyTimeline& timeline) {
    if (!edit.is_object()) refuse("Every edit must be an object.");
    if (edit.contains("skip")) {
        edits.skip(event_of(timeline, number_in(edit, "skip")));
    } else if (edit.contains("replace")) {
        const auto at = event_of(timeline, number_in(edit, "replace"));
        auto event = event_in(edit);
        Redaction::restore(event, Json::parse(timeline.event(at).text, nullptr, false));
        edits.replace(at, event.dump());
    } else if (edit.contains("insert_before")) {
        const auto number = number_in(edit, "insert_before");
        const auto tail = timeline.tail().value;
        const auto before = number == tail + 1 ? timeline.tail() : event_of(timeline, number);
        edits.insert(before, event_in(edit).dump());
    } else {
        refuse("An edit has one of \"skip\", \"replace\" and \"insert_before\".");
    }
}

Edits edits_of(const Json& body, AnyTimeline& timeline) {
    const auto list = body.find("edits");
    if (list == body.end() || !list->is_array()) refuse("\"edits\" must be an array.");
    if (list->size() > max_edits) refuse("There are more than 1000 edits.");
    Edits edits;
    for (const auto& edit : *list) add_edit(edits, edit, timeline);
    return edits;
}

/// Both histories beside each other, from the first edit on.
class Rows {
public:
    Rows(AnyTimeline& real, AnyTimeline& edited, const Edits& edits, const Redaction& redaction)
        : real_(real), edited_(edited), edits_(edits), redaction_(redaction) {}

    Json take() {
        auto next_real = edits_.first().value_or(real_.tail());
        for (Offset at = next_real; at < edited_.tail() && rows_.size() < max_rows; ++at.value) {
            const auto origin = edited_.origin_of(at);
            if (origin) {
                add_skipped(next_real, *origin);
                next_real = {origin->value + 1};
            }
            add(at, origin);
        }
        if (rows_.size() < max_rows) add_skipped(next_real, real_.tail());
        return std::move(rows_);
    }

private:
    void add_skipped(Offset from, Offset to) {
        for (Offset at = from; at < to && rows_.size() < max_rows; ++at.value) {
            rows_.push_back(
                {{"kind", "skipped"}, {"real", brief_event(real_.event(at), redaction_)}, {"what_if", nullptr}});
        }
    }

    void add(Offset at, std::optional<Offset> origin) {
        Json row{{"kind", "inserted"}, {"real", nullptr}, {"what_if", brief_event(edited_.event(at), redaction_)}};
        if (origin) {
            const auto change = edits_.changes().find(*origin);
            const bool replaced = change != edits_.changes().end() && change->second.replacement;
            row["kind"] = replaced ? "replaced" : "same";
            row["real"] = brief_event(real_.event(*origin), redaction_);
        }
        rows_.push_back(std::move(row));
    }

    AnyTimeline& real_;
    AnyTimeline& edited_;
    const Edits& edits_;
    const Redaction& redaction_;
    Json rows_ = Json::array();
};

Json side(AnyTimeline& timeline, Offset moment, const Redaction& redaction) {
    timeline.go_to(moment);
    return {{"moment", moment.value},
            {"tail", timeline.tail().value},
            {"state", redaction.state(timeline.state_at(moment))},
            {"invariants", invariants_at(timeline)},
            {"reports", invariant_reports(timeline)}};
}

Json save(const Context& context, const AnyTimeline& edited, const std::string& name) {
    if (context.options.read_only)
        throw RequestError(403, "read-only", "This debugger is read-only: what-ifs cannot be saved.");
    if (!name.starts_with(context.options.fork_prefix))
        throw RequestError(403, "outside-of-forks",
                           "A what-if is saved below " + context.options.fork_prefix + ", not as " + name + ".");
    const auto created = edited.save_as(stream_path(name), context.options.fork_ttl).value();
    return {{"stream", created.info.stream.text()},
            {"url", context.options.stream_prefix + protocol::percent_encode_path(created.info.stream.text())},
            {"tail", created.info.tail.offset.value},
            {"ttl_seconds", context.options.fork_ttl.count()}};
}

}  // namespace

Json answer_what_if(Context& context, std::string_view text) {
    const auto body = Json::parse(text, nullptr, false);
    if (!body.is_object()) refuse("The body must be a JSON object.");
    const auto stream = text_in(body, "stream");
    if (!stream) refuse("\"stream\" is missing.");
    const auto timeline = context.borrow(stream_path(*stream), text_in(body, "lens"));
    const auto& redaction = timeline.redaction();
    const auto edits = edits_of(body, *timeline);
    auto edited = timeline->what_if(edits);

    const auto real_at = moment_of(*timeline, text_in(body, "real_at").value_or("tail"));
    const auto edited_at = moment_of(edited, text_in(body, "at").value_or("tail"));
    auto document = stamp(context, *timeline);
    document["fork_point"] = edits.first().value_or(timeline->tail()).value;
    document["rows"] = Rows(*timeline, edited, edits, redaction).take();
    document["real"] = side(*timeline, real_at, redaction);
    document["what_if"] = side(edited, edited_at, redaction);
    document["changes"] =
        list_changes(document["real"]["state"], document["what_if"]["state"], timeline->lens().identity);
    document["saved"] = nullptr;
    if (const auto name = text_in(body, "save_as")) document["saved"] = save(context, edited, *name);
    return document;
}

}  // namespace foldback::server::debugger
