#pragma once

#include <chrono>

namespace foldback {

/// Wall-clock time, milliseconds since the Unix epoch.
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;

}  // namespace foldback
