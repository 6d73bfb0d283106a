#pragma once

#include <string>

#include "app/order_commands.hpp"
#include "foldback/history/registry.hpp"

namespace orders::cli {

/// What the time-travel debugger knows of this service: its aggregates as they are folded, and what must always hold.
[[nodiscard]] foldback::Registry debugger_registry(Reducer reducer);

/// What this program calls itself in the debugger's answers.
[[nodiscard]] std::string build_name(Reducer reducer);

}  // namespace orders::cli
