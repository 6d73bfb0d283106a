#include "foldback/history/bisect.hpp"

#include <fmt/format.h>

#include "cli/answers.hpp"
#include "cli/child_process.hpp"
#include "cli/debug_questions.hpp"
#include "cli/debug_text.hpp"
#include "cli/json_line.hpp"
#include "cli/units.hpp"
#include "cli/verbs.hpp"

namespace foldback::cli {
namespace {

using Document = nlohmann::ordered_json;

const char* word_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::good: return "good";
        case Verdict::bad: return "bad";
        case Verdict::skip: return "skipped";
    }
    return "";
}

/// Asks the user's command about moments.
class Judging {
public:
    Judging(const BisectCommand& command, Session session)
        : command_(command), session_(session), questions_(session.common, command.stream) {}

    ExitCode run() {
        const auto bad = moment_of(command_.bad, "now");
        const auto good = moment_of(command_.good, "first");
        if (good >= bad)
            throw Failure(ExitCode::usage, fmt::format("the good moment {} does not lie before the bad moment {}",
                                                       good.value, bad.value));
        require(bad, Verdict::bad, "--bad");
        require(good, Verdict::good, "--good");
        const auto found = foldback::bisect(good, bad, [this](Offset moment) { return judge(moment); });
        return report(found);
    }

private:
    [[nodiscard]] Document state_at(const std::string& moment) {
        return questions_.ask("state", {{"stream", command_.stream}, {"lens", command_.lens}, {"at", moment}});
    }

    [[nodiscard]] Offset moment_of(const std::string& text, const char* standard) {
        return {state_at(text.empty() ? standard : text).at("moment").get<std::uint64_t>()};
    }

    /// The ends are what the user says they are, or there is nothing to find.
    void require(Offset moment, Verdict wanted, const char* flag) {
        const auto verdict = judge(moment);
        if (verdict == wanted) return;
        throw Failure(verdict == Verdict::skip ? ExitCode::usage : ExitCode::no,
                      fmt::format("{}: moment {} is {}, not {}", command_.stream, moment.value, word_of(verdict),
                                  word_of(wanted)),
                      fmt::format("Give another moment with {}.", flag));
    }

    [[nodiscard]] Verdict judge(Offset moment) {
        const auto number = std::to_string(moment.value);
        const auto answer = state_at(number);
        ChildProcess process(command_.run, ChildProcess::Output::with_notes,
                             {{"FOLDBACK_STREAM", command_.stream}, {"FOLDBACK_OFFSET", number}});
        (void)process.write(json_line(answer.at("state")) + "\n");
        process.close_input();
        const auto end = process.wait();
        ++runs_;
        const auto verdict = verdict_of(end, moment);
        session_.output.note(fmt::format("moment {:<6} {}", moment.value, word_of(verdict)));
        return verdict;
    }

    /// As `git bisect run` has it.
    [[nodiscard]] Verdict verdict_of(const ProcessEnd& end, Offset moment) const {
        constexpr int skip = 125;
        if (!end.signal && end.code == 0) return Verdict::good;
        if (!end.signal && end.code == skip) return Verdict::skip;
        if (!end.signal && end.code < skip) return Verdict::bad;
        throw Failure(ExitCode::no,
                      fmt::format("the command ended with {} {} at moment {}, which stops the search",
                                  end.signal ? "signal" : "exit code", end.signal.value_or(end.code), moment.value),
                      "Exit codes: 0 good, 1 to 124 bad, 125 skip, all others stop.");
    }

    ExitCode report(const Bisected& found) {
        constexpr std::size_t most_events = 1000;
        const auto first = found.candidates.front().value;
        auto answer =
            questions_.ask("events", {{"stream", command_.stream},
                                      {"lens", command_.lens},
                                      {"brief", "1"},
                                      {"from", std::to_string(first)},
                                      {"count", std::to_string(std::min(found.candidates.size(), most_events))}});
        const Document page = answer.at("page");
        auto& output = session_.output;
        if (output.json()) {
            answer.erase("page");
            answer["last_good"] = found.last_good.value;
            answer["first_bad"] = found.candidates.size() == 1 ? Document(first) : Document(nullptr);
            answer["known_bad"] = found.candidates.back().value;
            answer["candidates"] = page;
            answer["runs"] = runs_;
            output.line(json_line(answer));
            return ExitCode::ok;
        }
        if (found.candidates.size() > 1)
            output.line(fmt::format("{}: the first bad event is one of these {}: all but the last were skipped",
                                    command_.stream, format_count(found.candidates.size())));
        for (const auto& event : page)
            output.line(found_line({{"stream", command_.stream}, {"moment", event.at("number")}, {"event", event}}));
        output.line(fmt::format("last good moment {} · {}", found.last_good.value, format_counted(runs_, "run")));
        return ExitCode::ok;
    }

    const BisectCommand& command_;
    Session session_;
    DebugQuestions questions_;
    std::size_t runs_ = 0;
};

}  // namespace

ExitCode run(const BisectCommand& command, Session session) {
    require_stream_name(command.stream);
    return Judging(command, session).run();
}

}  // namespace foldback::cli
