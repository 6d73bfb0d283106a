#pragma once

#include <string>

#include "cli/command_tree.hpp"

namespace foldback::cli {

/// The program's manual page, foldback(1), in the man macros of roff.
[[nodiscard]] std::string manual_page(const CommandDescription& program);

}  // namespace foldback::cli
