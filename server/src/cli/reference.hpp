#pragma once

#include <string>

#include "cli/command_tree.hpp"

namespace foldback::cli {

/// The reference part of docs/operations.md, as Markdown: settings of the server, verbs with their flags, exit codes.
[[nodiscard]] std::string reference(const CommandDescription& program);

}  // namespace foldback::cli
