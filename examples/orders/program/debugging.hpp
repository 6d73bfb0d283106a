#pragma once

#include <string>
#include <vector>

#include "app/shop.hpp"
#include "foldback/history/registry.hpp"
#include "foldback/server/debugger.hpp"

namespace orders::cli {

/// What the time-travel debugger knows of this service: its aggregates as they are folded, and what must always hold.
[[nodiscard]] foldback::Registry debugger_registry(Reducer reducer);

/// What this program calls itself in the debugger's answers.
[[nodiscard]] std::string build_name(Reducer reducer);

/// How far the read models have come, to be marked on the timelines.
[[nodiscard]] std::vector<foldback::server::TimelineMark> checkpoints_of(const Shop& shop);

}  // namespace orders::cli
