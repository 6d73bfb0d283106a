#include "cli/run.hpp"

#include <new>

#include <fmt/format.h>

#include "cli/answers.hpp"
#include "cli/command_line.hpp"
#include "cli/data_directory.hpp"
#include "cli/interrupt.hpp"
#include "cli/transport.hpp"
#include "cli/verbs.hpp"

namespace foldback::cli {
namespace {

int code_of(ExitCode code) { return static_cast<int>(code); }

/// Runs `verb` and turns every way it can fail into words and an exit code.
template <class Verb>
ExitCode guarded(Output& output, const CommonOptions& common, Verb verb) {
    const auto say = [&output](const Failure& failure) {
        try {
            output.flush();  // what was found before the failure
        } catch (const OutputClosed&) {
            return ExitCode::output_closed;
        }
        output.failure(failure);
        return failure.code();
    };
    try {
        const auto code = verb();
        output.flush();
        return code;
    } catch (const Failure& failure) {
        return say(failure);
    } catch (const HttpError& error) {
        return say(failure_of(error));
    } catch (const StorageError& error) {
        return say(failure_of(error, common.data));
    } catch (const Interrupted&) {
        return ExitCode::interrupted;
    } catch (const OutputClosed&) {
        return ExitCode::output_closed;
    } catch (const std::bad_alloc&) {
        return say(Failure(ExitCode::no, "out of memory"));
    } catch (const std::exception& error) {
        return say(Failure(ExitCode::no, fmt::format("unexpected: {}", error.what())));
    }
}

ExitCode dispatch(const CommandLine& line, Output& output) {
    const Session session{line.common, output};
    return guarded(output, line.common, [&] {
        return std::visit([&session](const auto& command) { return run(command, session); }, line.command);
    });
}

ExitCode show_help(const HelpText& help) {
    const bool asked = help.code == ExitCode::ok;
    Output output({.data_fd = asked ? 1 : 2});
    return guarded(output, {}, [&] {
        output.data(help.text);
        return help.code;
    });
}

bool wants_json(const std::vector<std::string>& arguments) {
    return std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
}

}  // namespace

int run_program(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    try {
        const auto parsed = parse_command_line(arguments);
        if (const auto* help = std::get_if<HelpText>(&parsed)) return code_of(show_help(*help));
        const auto& line = std::get<CommandLine>(parsed);
        if (!std::holds_alternative<ServeCommand>(line.command)) catch_interrupts();
        Output output({.json = line.common.json, .quiet = line.common.quiet, .color = line.common.color});
        return code_of(dispatch(line, output));
    } catch (const Failure& failure) {
        Output({.json = wants_json(arguments)}).failure(failure);
        return code_of(failure.code());
    }
}

}  // namespace foldback::cli
