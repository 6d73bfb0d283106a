#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace foldback::cli {

class Output;

enum class ProgressUnit : std::uint8_t { bytes, messages };

/// How far some work has come. `total` is 0 when unknown.
struct ProgressState {
    std::string_view what;
    ProgressUnit unit = ProgressUnit::bytes;
    std::uint64_t done = 0;
    std::uint64_t total = 0;
    std::chrono::milliseconds elapsed{0};
};

/// `██████░░░░  60 % · 6.0 MiB of 10.0 MiB · 1.2 MiB/s · ETA 3 s`
[[nodiscard]] std::string progress_bar(const ProgressState& state, std::size_t bar_width = 30);
/// `verifying: 60 %, 6.0 MiB of 10.0 MiB, 1.2 MiB/s, ETA 3 s`
[[nodiscard]] std::string progress_line(const ProgressState& state);
/// `{"progress":"verifying","unit":"bytes","done":6291456,"total":10485760,"elapsed_ms":5000}`
[[nodiscard]] std::string progress_document(const ProgressState& state);

enum class ProgressMode : std::uint8_t { automatic, bar, lines, json, off };

/// Shows progress on standard error: a bar redrawn in place on a terminal, else one line every five seconds.
class ProgressDisplay {
public:
    using Now = std::function<std::chrono::steady_clock::time_point()>;

    ProgressDisplay(Output& output, std::string what, ProgressUnit unit, ProgressMode mode,
                    Now now = std::chrono::steady_clock::now);
    ~ProgressDisplay();
    ProgressDisplay(const ProgressDisplay&) = delete;
    ProgressDisplay& operator=(const ProgressDisplay&) = delete;

    /// Shows it when it is time to.
    void update(std::uint64_t done, std::uint64_t total);
    /// Removes the bar. What comes next starts at the beginning of a line.
    void clear();

private:
    Output& output_;
    std::string what_;
    ProgressUnit unit_;
    ProgressMode mode_;
    Now now_;
    std::chrono::steady_clock::time_point started_;
    std::chrono::steady_clock::time_point shown_;
    bool bar_on_screen_ = false;
};

}  // namespace foldback::cli
