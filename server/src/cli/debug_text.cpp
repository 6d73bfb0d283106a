#include "cli/debug_text.hpp"

#include <map>

#include <fmt/format.h>

#include "cli/json_line.hpp"
#include "cli/table.hpp"
#include "cli/units.hpp"

namespace foldback::cli {
namespace {

using Document = nlohmann::ordered_json;

constexpr std::size_t max_value_bytes = 200;

std::string text_of(const Document& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end() || found->is_null()) return {};
    return printable(found->is_string() ? found->get<std::string>() : json_line(*found));
}

std::string value_text(const Document& value) {
    auto text = printable(json_line(value));
    if (text.size() > max_value_bytes) {
        std::size_t end = max_value_bytes;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
        text = text.substr(0, end) + "…";
    }
    return text;
}

std::string lens_text(const Document& answer) {
    const auto& lens = answer.at("lens");
    const auto build = text_of(lens, "build");
    return build.empty() ? fmt::format("lens {}", text_of(lens, "name"))
                         : fmt::format("lens {} ({})", text_of(lens, "name"), build.substr(0, 8));
}

/// The values of a state that are no objects and arrays, with their pointers.
void flatten(const Document& value, const std::string& pointer, std::map<std::string, const Document*>& changed,
             std::string& text) {
    if (value.is_structured() && !value.empty()) {
        std::size_t index = 0;
        for (const auto& item : value.items()) {
            const auto key = value.is_object() ? item.key() : std::to_string(index);
            flatten(item.value(), pointer + "/" + key, changed, text);
            ++index;
        }
        return;
    }
    const auto found = changed.find(pointer);
    if (found != changed.end() && found->second->contains("before"))
        text += fmt::format("- {:<24} {}\n", printable(pointer), value_text(found->second->at("before")));
    text += fmt::format("{} {:<24} {}\n", found == changed.end() ? ' ' : '+', printable(pointer), value_text(value));
}

std::string changes_text(const Document& changes) {
    if (changes.empty()) return "nothing changed\n";
    std::string text;
    for (const auto& change : changes) {
        const auto path = text_of(change, "path");
        if (change.contains("before")) text += fmt::format("- {:<24} {}\n", path, value_text(change["before"]));
        if (change.contains("after")) text += fmt::format("+ {:<24} {}\n", path, value_text(change["after"]));
    }
    return text;
}

/// "/total  59.97 → 39.98 (and 2 more)", or what only one of two builds could not read.
std::string difference_text(const Document& difference) {
    for (const auto* side : {"old", "new"}) {
        if (const auto problem = text_of(difference, (std::string(side) + "_problem").c_str()); !problem.empty())
            return fmt::format("--{} cannot fold it: {}", side, problem);
    }
    const auto& changes = difference.at("changes");
    if (changes.empty()) return "in what is redacted, or in how a number is written";
    const auto side = [&](const char* key) {
        return changes[0].contains(key) ? value_text(changes[0][key]) : std::string("nothing");
    };
    const auto more = changes.size() > 1 ? fmt::format(" and {} more", changes.size() - 1) : std::string();
    return fmt::format("{}  {} → {}{}", text_of(changes[0], "path"), side("before"), side("after"), more);
}

}  // namespace

std::string show_text(const Document& answer) {
    std::string text = text_of(answer, "stream");
    if (const auto& event = answer.at("event"); event.is_null()) {
        text += fmt::format(" · before the first of {} events\n", text_of(answer, "tail"));
    } else {
        text += fmt::format(" · event {} of {} · {} · {}\n", text_of(event, "number"), text_of(answer, "tail"),
                            text_of(event, "committed_at"), text_of(event, "type"));
    }
    std::size_t broken = 0;
    for (const auto& invariant : answer.at("invariants")) broken += invariant.at("holds") == false ? 1 : 0;
    const auto ok = answer["invariants"].size() - broken;
    text += lens_text(answer) + (ok + broken == 0 ? "\n" : fmt::format(" · invariants {} ok, {} broken\n", ok, broken));
    std::map<std::string, const Document*> changed;
    for (const auto& change : answer.at("changes")) changed[change.at("pointer").get<std::string>()] = &change;
    flatten(answer.at("state"), "", changed, text);
    for (const auto& change : answer["changes"]) {
        if (change["kind"] == "removed")
            text += fmt::format("- {:<24} {}\n", text_of(change, "path"), value_text(change.at("before")));
    }
    for (const auto& invariant : answer["invariants"]) {
        if (invariant["holds"] == false) text += fmt::format("! {}\n", text_of(invariant, "name"));
    }
    if (const auto& event = answer["event"]; !event.is_null() && event.contains("problem"))
        text += fmt::format("! not decoded: {}\n", text_of(event, "problem"));
    return text;
}

std::string unread_text(const Document& answer, std::uint64_t moment) {
    std::uint64_t before = 0;
    std::uint64_t first = 0;
    for (const auto& one : answer.at("unreadable")) {
        const auto event = one.at("event").get<std::uint64_t>();
        if (event >= moment) break;
        if (before++ == 0) first = event;
    }
    if (before == 0) return {};
    return fmt::format("! {} before not decoded, so this may be wrong; the first: event {}\n",
                       format_counted(before, "event"), first);
}

std::string log_line(const Document& event) {
    const auto problem = text_of(event, "problem");
    return fmt::format("{:>6}  {}  {:<20} {}", text_of(event, "number"), text_of(event, "committed_at"),
                       text_of(event, "type"), problem.empty() ? text_of(event, "summary") : "not decoded: " + problem);
}

std::string diff_text(const Document& answer) {
    return fmt::format("{} · after event {} and after event {} · {}\n{}", text_of(answer, "stream"),
                       text_of(answer, "from"), text_of(answer, "to"), lens_text(answer),
                       changes_text(answer.at("changes")));
}

std::string blame_text(const Document& answer) {
    Table table({Align::left, Align::right, Align::left, Align::left});
    for (const auto& field : answer.at("fields")) {
        table.add(
            {text_of(field, "path"), text_of(field, "event"), text_of(field, "type"), value_text(field.at("value"))});
    }
    return table.text();
}

std::string found_line(const Document& found) {
    const auto& event = found.at("event");
    if (event.is_null()) return fmt::format("{}  before the first event", text_of(found, "stream"));
    return fmt::format("{}  event {}  {}  {}", text_of(found, "stream"), text_of(found, "moment"),
                       text_of(event, "type"), text_of(event, "committed_at"));
}

std::string what_if_text(const Document& answer) {
    const auto& saved = answer.at("saved");
    std::string text =
        fmt::format("{} · fork point event {} · {} events instead of {} · {}\n", text_of(answer, "stream"),
                    text_of(answer, "fork_point"), text_of(answer.at("what_if"), "tail"),
                    text_of(answer.at("real"), "tail"), saved.is_null() ? "nothing written" : "written");
    text += changes_text(answer.at("changes"));
    for (const auto* side : {"real", "what_if"}) {
        for (const auto& report : answer[side].at("reports")) {
            if (report.at("first").is_null()) continue;
            text += fmt::format("! {}: {} broke at event {}\n",
                                side == std::string_view("real") ? "as it happened" : "what if",
                                text_of(report, "name"), text_of(report, "first"));
        }
    }
    for (const auto& row : answer.at("rows")) {
        const auto& event = row.at("what_if");
        if (row.at("kind") == "same" || event.is_null() || !event.contains("problem")) continue;
        text += fmt::format("! what if: event {} is not decoded, so it changes nothing: {}\n", text_of(event, "number"),
                            text_of(event, "problem"));
    }
    if (!saved.is_null())
        text += fmt::format("saved as {}, which expires {} s after it was last read\n", text_of(saved, "stream"),
                            text_of(saved, "ttl_seconds"));
    return text;
}

std::string shrink_text(const Document& answer) {
    const auto& kept = answer.at("kept");
    std::string text = fmt::format("{} · so for the first time at event {} · {}\n{} → {} after {}\n",
                                   text_of(answer, "stream"), text_of(answer, "moment"), lens_text(answer),
                                   text_of(answer, "candidates"), format_counted(kept.size(), "event"),
                                   format_counted(answer.at("replays").get<std::uint64_t>(), "replay"));
    for (const auto& event : kept) text += log_line(event) + "\n";
    return text;
}

std::string compare_text(const Document& answer) {
    const auto number = [&](const char* key) { return answer.at(key).get<std::uint64_t>(); };
    std::string text =
        fmt::format("old {} · new {}\n{} · {}: {} same, {} differ\n", text_of(answer, "old"), text_of(answer, "new"),
                    format_counted(number("streams"), "stream"), format_counted(number("events"), "event"),
                    format_count(number("same")), format_count(number("differ")));
    Table table({Align::left, Align::left, Align::left, Align::left});
    for (const auto& one : answer.at("differences")) {
        table.add({"  " + text_of(one, "stream"), fmt::format("first at event {}", text_of(one, "event")),
                   text_of(one, "type"), difference_text(one)});
    }
    text += table.text();
    const auto unnamed = number("differ") - answer["differences"].size();
    if (unnamed > 0) text += fmt::format("  … {} more (--limit)\n", format_count(unnamed));
    return text;
}

}  // namespace foldback::cli
