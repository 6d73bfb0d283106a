#include <fmt/format.h>

#include "cli/answers.hpp"
#include "cli/debug_questions.hpp"
#include "cli/json_line.hpp"
#include "cli/trace_text.hpp"
#include "cli/units.hpp"
#include "cli/verbs.hpp"

namespace foldback::cli {

ExitCode run(const TraceCommand& command, Session session) {
    if (command.id.empty())
        throw Failure(ExitCode::usage, "the id is empty",
                      "To begin at an event of a stream: foldback trace STREAM --event N");
    DebugQuestions::Parameters parameters{{"limit", std::to_string(command.limit)}};
    if (command.event) {
        require_stream_name(command.id);
        parameters.emplace_back("stream", command.id);
        parameters.emplace_back("event", std::to_string(*command.event));
    } else {
        parameters.emplace_back("id", command.id);
    }
    auto& output = session.output;
    const auto answer = DebugQuestions(session.common, command.id).ask("trace", parameters);
    if (answer.at("nodes").empty())
        throw Failure(ExitCode::not_found,
                      fmt::format("no event has the id, correlation, causation or command {}", printable(command.id)),
                      "To begin at an event of a stream: foldback trace STREAM --event N");
    if (command.dot)
        output.data(trace_dot(answer));
    else if (output.json())
        output.line(json_line(answer));
    else
        output.data(trace_text(answer));
    if (answer.at("complete") == false)
        output.note(fmt::format("There may be more: {} messages were looked at, and --limit is {}.",
                                format_count(answer.at("looked_at").get<std::uint64_t>()), command.limit));
    return ExitCode::ok;
}

}  // namespace foldback::cli
