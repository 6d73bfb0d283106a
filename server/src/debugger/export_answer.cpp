#include <algorithm>

#include "debugger/answers.hpp"

namespace foldback::server::debugger {

namespace {

constexpr std::size_t max_export_bytes = 64 << 20;

/// What is exported, and how a comment calls it.
struct Selection {
    std::string name;
    std::vector<std::string> messages;
};

class Selecting {
public:
    explicit Selecting(const Borrowed& timeline) : timeline_(timeline) {}

    Selection up_to(Offset moment) {
        for (Offset at = timeline_->first(); at < moment;) at = take(at, moment);
        return {"1 to " + std::to_string(moment.value), std::move(messages_)};
    }

    /// `text`: numbers and ranges of numbers, ascending: `1,3-5,9`.
    Selection these(const std::string& text) {
        Offset next = timeline_->first();
        for (std::size_t begin = 0; begin <= text.size();) {
            const auto end = std::min(text.find(',', begin), text.size());
            const auto [first, last] = range_in(std::string_view(text).substr(begin, end - begin));
            if (first < next) refuse();
            for (next = first; next <= last;) next = take(next, {last.value + 1});
            begin = end + 1;
        }
        return {text, std::move(messages_)};
    }

private:
    [[noreturn]] static void refuse() {
        throw RequestError(400, "bad-parameter",
                           "The parameter events must be numbers of events, ascending, such as 1,3-5,9.");
    }

    [[nodiscard]] std::pair<Offset, Offset> range_in(std::string_view text) const {
        const auto dash = text.find('-');
        const auto first = whole_number(text.substr(0, dash));
        const auto last = dash == std::string_view::npos ? first : whole_number(text.substr(dash + 1));
        if (!first || !last || *first > *last) refuse();
        return {event_of(*timeline_, *first), event_of(*timeline_, *last)};
    }

    /// Takes some of the events from `from` on, before `end`; where to go on.
    Offset take(Offset from, Offset end) {
        const auto found = timeline_->search({.from = from, .to = end, .limit = 1000});
        for (const auto& event : found.events) {
            messages_.push_back(timeline_.redaction().message_text(event.text));
            bytes_ += messages_.back().size();
            if (bytes_ > max_export_bytes)
                throw RequestError(413, "too-large", "The events are more than 64 MiB: export fewer with `at`.");
        }
        return found.next;
    }

    const Borrowed& timeline_;
    std::vector<std::string> messages_;
    std::size_t bytes_ = 0;
};

/// A raw string literal that the text does not end.
std::string literal(const std::string& text) {
    // Compilers take 16 characters between the quote and the parenthesis; a text that holds ours is not from us.
    std::string mark = "json";
    while (text.find(")" + mark + "\"") != std::string::npos && mark.size() < 16) mark += 'n';
    std::string result;
    constexpr std::size_t most_bytes = 16'000;  // of one literal, for compilers with a limit
    for (std::size_t at = 0; at == 0 || at < text.size(); at += most_bytes) {
        if (at > 0) result += "\n        ";
        result += "R\"" + mark + "(" + text.substr(at, most_bytes) + ")" + mark + "\"";
    }
    return result;
}

/// A name as it may stand in a comment and in a string literal.
std::string plain(const std::string& text) {
    std::string result;
    for (const char byte : text) {
        const bool harmless = byte >= 0x20 && byte != '"' && byte != '\\' && byte != 0x7F;
        result += harmless ? byte : '_';
    }
    return result;
}

std::string test_source(const Borrowed& timeline, const Selection& selection) {
    const auto stream = plain(timeline->stream().text());
    const auto lens = plain(timeline->lens().name);
    std::string text =
        "// The events " + selection.name + " of " + stream +
        ": every one is folded, and every invariant of the lens \"" + lens +
        "\" holds after each of them.\n#include <string>\n#include <string_view>\n\n#include <doctest/doctest.h>\n\n"
        "#include \"foldback/history/registry.hpp\"\n\n"
        "/// Yours: the registry that the program gives its debugger.\n"
        "foldback::Registry debugger_registry();\n\n"
        "TEST_CASE(\"" +
        stream +
        " keeps its invariants\") {\n"
        "    constexpr std::string_view history[] = {\n";
    for (const auto& message : selection.messages) text += "        " + literal(message) + ",\n";
    text +=
        "    };\n"
        "    const auto lens = debugger_registry().lens_named(\"" +
        lens +
        "\");\n"
        "    auto fold = lens.start();\n"
        "    int number = 0;\n\n"
        "    for (const auto message : history) {\n"
        "        std::string problem;\n"
        "        const auto folded = fold->apply(message, problem);\n\n"
        "        ++number;\n"
        "        CAPTURE(number);\n"
        "        CAPTURE(problem);\n"
        "        CHECK(folded == foldback::Folded::yes);\n"
        "        for (const auto& invariant : lens.invariants) {\n"
        "            CAPTURE(invariant.name);\n"
        "            CHECK(invariant.holds(*fold));\n"
        "        }\n"
        "    }\n"
        "}\n";
    return text;
}

}  // namespace

Response answer_export(Context& context, const Parameters& parameters) {
    const auto timeline = context.borrow(parameters);
    const auto events = parameters.text("events");
    const auto form = parameters.text("as", "ndjson");
    if (form != "ndjson" && form != "doctest")
        throw RequestError(400, "bad-parameter", "The parameter as must be ndjson or doctest.");
    Selecting selecting(timeline);
    const auto selection = events && !events->empty()
                               ? selecting.these(*events)
                               : selecting.up_to(moment_of(*timeline, parameters.text("at", "tail")));
    Response response;
    if (form == "ndjson") {
        response.set("content-type", "application/x-ndjson");
        response.set("content-disposition", "attachment; filename=\"events.ndjson\"");
        for (const auto& message : selection.messages) {
            // A message may be laid out over several lines.
            for (const char byte : message) response.text += byte == '\n' || byte == '\r' ? ' ' : byte;
            response.text += '\n';
        }
    } else {
        if (selection.messages.empty()) throw RequestError(400, "no-events", "There is no event to make a test of.");
        response.set("content-type", "text/plain; charset=utf-8");
        response.set("content-disposition", "attachment; filename=\"history_test.cpp\"");
        response.text = test_source(timeline, selection);
    }
    return response;
}

}  // namespace foldback::server::debugger
