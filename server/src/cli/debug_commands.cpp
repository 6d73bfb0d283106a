#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "cli/answers.hpp"
#include "cli/debug_questions.hpp"
#include "cli/debug_text.hpp"
#include "cli/input.hpp"
#include "cli/json_line.hpp"
#include "cli/progress.hpp"
#include "cli/units.hpp"
#include "cli/verbs.hpp"

namespace foldback::cli {
namespace {

using Document = nlohmann::ordered_json;
using Verb = DebugCommand::Verb;

/// Asks what a verb asks, and prints the answer.
class Asking {
public:
    Asking(const DebugCommand& command, Session session)
        : command_(command),
          session_(session),
          questions_(session.common, command.stream.empty() ? "all streams" : command.stream) {}

    ExitCode run() {
        switch (command_.verb) {
            case Verb::show: return show();
            case Verb::diff: return print(ask("diff", {{"from", command_.from}, {"to", command_.to}}), diff_text);
            case Verb::blame: return print(ask("blame", {{"at", command_.at}}), blame_text);
            case Verb::log: return log();
            case Verb::find: return find();
            case Verb::what_if: return print(what_if(), what_if_text);
            case Verb::shrink: return shrink();
            case Verb::export_history: return export_history();
        }
        return ExitCode::usage;
    }

private:
    [[nodiscard]] Document ask(const char* name, DebugQuestions::Parameters parameters) {
        parameters.emplace_back("stream", command_.stream);
        parameters.emplace_back("lens", command_.lens);
        return questions_.ask(name, parameters);
    }

    template <class Text>
    ExitCode print(const Document& answer, const Text& text) {
        if (session_.output.json())
            session_.output.line(json_line(answer));
        else
            session_.output.data(text(answer));
        return ExitCode::ok;
    }

    ExitCode show() {
        const auto answer = ask("state", {{"at", command_.at}});
        (void)print(answer, show_text);
        if (session_.output.json()) return ExitCode::ok;
        const auto lacking = unread_text(ask("invariants", {}), answer.at("moment").get<std::uint64_t>());
        session_.output.data(lacking);
        return ExitCode::ok;
    }

    ExitCode log() {
        constexpr std::uint64_t page = 1000;
        auto from = first_of_log();
        for (auto left = command_.limit; left > 0;) {
            const auto count = std::min(left, page);
            const auto answer =
                ask("events", {{"brief", "1"}, {"from", std::to_string(from)}, {"count", std::to_string(count)}});
            for (const auto& event : answer.at("page"))
                session_.output.line(session_.output.json() ? json_line(event) : log_line(event));
            const auto got = answer["page"].size();
            const auto tail = answer.at("tail").get<std::uint64_t>();
            if (got > 0) from = answer["page"].back().at("number").get<std::uint64_t>() + 1;
            if (got < count || from > tail) break;
            left -= got;
            if (left == 0)
                session_.output.note(fmt::format("{} more: --from {}, or --limit; the last 20: --from -20",
                                                 format_counted(tail - from + 1, "event"), from));
        }
        return ExitCode::ok;
    }

    /// The number of an event, or how many before the end.
    [[nodiscard]] std::uint64_t first_of_log() {
        const auto& text = command_.from;
        if (text.empty()) return 1;
        const bool is_back = text.starts_with('-');
        const auto number = parse_count(is_back ? text.substr(1) : text).value_or(0);
        if (number == 0)
            throw Failure(ExitCode::usage, "--from must be the number of an event, from 1, or -N for the last N");
        if (!is_back) return number;
        const auto tail = ask("events", {{"brief", "1"}, {"count", "1"}}).at("tail").get<std::uint64_t>();
        return tail > number ? tail - number + 1 : 1;
    }

    ExitCode find() {
        if (!command_.stream.empty() && !command_.stream.ends_with('*')) return find_in_stream();
        auto prefix = command_.stream;
        if (!prefix.empty()) prefix.pop_back();
        ProgressDisplay progress(session_.output, "looking", ProgressUnit::messages, session_.common.progress);
        Document all{{"first", command_.first},
                     {"prefix", prefix},
                     {"found", Document::array()},
                     {"streams", 0},
                     {"events", 0},
                     {"skipped", Document::array()},
                     {"missing", Document::array()}};
        std::string after;
        for (bool complete = false; !complete;) {
            const auto part = questions_.ask(
                "find", {{"first", command_.first}, {"prefix", prefix}, {"after", after}, {"lens", command_.lens}});
            for (const auto* list : {"found", "skipped"}) {
                for (const auto& one : part.at(list)) all[list].push_back(one);
            }
            for (const auto* number : {"streams", "events"})
                all[number] = all[number].get<std::uint64_t>() + part.at(number).get<std::uint64_t>();
            all["missing"] = after.empty() ? part.at("missing") : common(all["missing"], part.at("missing"));
            complete = part.at("complete").get<bool>() || part.at("after") == after;
            after = part["after"].get<std::string>();
            progress.update(all["events"].get<std::uint64_t>(), 0);
        }
        progress.clear();
        if (all["streams"] == 0 && !command_.stream.empty())
            throw Failure(
                ExitCode::not_found,
                fmt::format("no stream of JSON that this can be asked of begins with \"{}\"", printable(prefix)),
                "The streams there are: foldback list");
        return report(all);
    }

    /// What is not decoded changed nothing: that nothing was found may be due to that.
    ExitCode find_in_stream() {
        const auto answer = ask("find", {{"first", command_.first}});
        const auto code = report(answer);
        if (code != ExitCode::ok || session_.output.json()) return code;
        auto lacking = unread_text(ask("invariants", {}), answer.at("tail").get<std::uint64_t>() + 1);
        if (lacking.empty()) return code;
        lacking.pop_back();
        session_.output.note(lacking);
        return code;
    }

    /// What is in both lists.
    [[nodiscard]] static Document common(const Document& left, const Document& right) {
        auto both = Document::array();
        std::copy_if(left.begin(), left.end(), std::back_inserter(both),
                     [&](const Document& one) { return std::find(right.begin(), right.end(), one) != right.end(); });
        return both;
    }

    /// As a check would: the answer is no when something was found.
    ExitCode report(const Document& answer) {
        auto& output = session_.output;
        const auto& found = answer.at("found");
        if (output.json()) {
            output.line(json_line(answer));
        } else {
            for (const auto& one : found) output.line(found_line(one));
            if (answer.contains("skipped")) {
                for (const auto& one : answer["skipped"])
                    output.note(
                        printable(fmt::format("skipped {}: {}", one.value("stream", ""), one.value("because", ""))));
            }
            if (found.empty()) {
                output.note(fmt::format("no moment was found in {}, {}",
                                        format_counted(answer.at("streams").get<std::uint64_t>(), "stream"),
                                        format_counted(answer.at("events").get<std::uint64_t>(), "event")));
                for (const auto& pointer : answer.at("missing"))
                    output.note(printable(fmt::format("no state has {}", pointer.get<std::string>())));
            }
        }
        return found.empty() ? ExitCode::ok : ExitCode::no;
    }

    /// `17={"type":…}`
    [[nodiscard]] static Document edit(const char* kind, const std::string& text) {
        const auto equals = text.find('=');
        const auto number = parse_count(std::string_view(text).substr(0, equals));
        auto event = equals == std::string::npos ? Document(Document::value_t::discarded)
                                                 : Document::parse(text.substr(equals + 1), nullptr, false);
        if (!number || event.is_discarded()) {
            throw Failure(ExitCode::usage,
                          fmt::format("\"{}\" is not the number of an event and a message", printable(text)),
                          R"(An example: --replace 17='{"type":"ItemRemoved","data":{"sku":"C-9"}}')");
        }
        return {{kind, *number}, {"event", std::move(event)}};
    }

    [[nodiscard]] Document what_if() {
        Document body{{"stream", command_.stream}, {"edits", Document::array()}};
        if (!command_.lens.empty()) body["lens"] = command_.lens;
        if (!command_.save_as.empty()) body["save_as"] = command_.save_as;
        for (const auto number : command_.skip) body["edits"].push_back({{"skip", number}});
        for (const auto& text : command_.replace) body["edits"].push_back(edit("replace", text));
        for (const auto& text : command_.insert) body["edits"].push_back(edit("insert_before", text));
        if (body["edits"].empty())
            throw Failure(ExitCode::usage, "nothing would have been different", "Add --skip, --replace or --insert.");
        return questions_.post("whatif", body, command_.save_as.empty());
    }

    ExitCode shrink() {
        const auto answer = ask("shrink", {{"keep", command_.keep}});
        if (answer.at("moment").is_null())
            throw Failure(ExitCode::no,
                          fmt::format("{}: at no moment is it so: {}", command_.stream, printable(command_.keep)));
        if (answer.at("minimal") == false)
            session_.output.note("It may be possible with fewer: the search was ended at the debugger's limits.");
        return print(answer, shrink_text);
    }

    ExitCode export_history() {
        session_.output.data(questions_.fetch("export", {{"stream", command_.stream},
                                                         {"lens", command_.lens},
                                                         {"at", command_.at},
                                                         {"events", command_.events},
                                                         {"as", command_.as}}));
        return ExitCode::ok;
    }

    const DebugCommand& command_;
    Session session_;
    DebugQuestions questions_;
};

/// The export that an answer of `shrink` on standard input asks for.
DebugCommand export_of_shrunk(DebugCommand command) {
    constexpr std::size_t most_bytes = 16 << 20;
    const auto answer = Document::parse(Input("-").read(most_bytes), nullptr, false);
    const Failure malformed(ExitCode::usage, "standard input is no answer of shrink",
                            "foldback shrink STREAM --keep EXPR --json | foldback export - --as doctest");
    if (!answer.is_object() || !answer.contains("kept") || !answer["kept"].is_array() || answer["kept"].empty())
        throw malformed;
    for (const auto& event : answer["kept"]) {
        if (!event.is_object() || !event.value("number", Document()).is_number_unsigned()) throw malformed;
        command.events += (command.events.empty() ? "" : ",") + event["number"].dump();
    }
    command.stream = answer.value("stream", "");
    if (command.lens.empty() && answer.contains("lens") && answer["lens"].is_object())
        command.lens = answer["lens"].value("name", "");
    return command;
}

}  // namespace

ExitCode run(const DebugCommand& command, Session session) {
    if (command.verb == Verb::export_history && command.stream == "-" && command.events.empty())
        return run(export_of_shrunk(command), session);
    if (command.verb != Verb::find) require_stream_name(command.stream);
    return Asking(command, session).run();
}

}  // namespace foldback::cli
