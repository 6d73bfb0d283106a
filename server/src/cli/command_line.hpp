#pragma once

#include <string>
#include <variant>
#include <vector>

#include "cli/command_tree.hpp"
#include "cli/commands.hpp"

namespace foldback::cli {

/// What the user asked to read instead of running anything: help or the version.
struct HelpText {
    std::string text;
    ExitCode code = ExitCode::ok;  ///< not ok: nothing was asked, and help is what there is to say
};

/// Reads the arguments, without the program's name. Throws Failure (usage) with a suggestion for what was mistyped.
[[nodiscard]] std::variant<CommandLine, HelpText> parse_command_line(const std::vector<std::string>& arguments);

/// All commands and flags.
[[nodiscard]] CommandDescription describe_program();

}  // namespace foldback::cli
