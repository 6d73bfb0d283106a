#pragma once

#include <string>

#include "cli/command_tree.hpp"

namespace foldback::cli {

/// A completion script for `bash`, `zsh` or `fish`. Throws Failure (usage) for another shell.
[[nodiscard]] std::string completion_script(const CommandDescription& program, const std::string& shell);

}  // namespace foldback::cli
