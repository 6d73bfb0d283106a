#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace foldback::cli {

/// Tells the supervisor what this process does: `READY=1`, `RELOADING=1`, `STOPPING=1`, `WATCHDOG=1` (sd_notify(3)).
/// Nothing without NOTIFY_SOCKET; a supervisor that does not listen is no error.
void sd_notify(std::string_view state);

/// `RELOADING=1` with the time that systemd wants beside it; `READY=1` must follow.
void sd_notify_reloading();

/// How often the supervisor wants to hear `WATCHDOG=1` (WATCHDOG_USEC, for this process by WATCHDOG_PID): half of its
/// limit. Absent: it does not watch.
[[nodiscard]] std::optional<std::chrono::milliseconds> watchdog_interval();

}  // namespace foldback::cli
