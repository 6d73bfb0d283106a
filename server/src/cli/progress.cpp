#include "cli/progress.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "cli/output.hpp"
#include "cli/units.hpp"

namespace foldback::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds bar_interval{100};
constexpr milliseconds line_interval{5'000};
constexpr milliseconds document_interval{1'000};
/// Before this a rate is noise.
constexpr milliseconds settled{500};

std::string amount(ProgressUnit unit, std::uint64_t value) {
    return unit == ProgressUnit::bytes ? format_bytes(value) : format_count(value);
}

std::string percent(const ProgressState& state) {
    const double fraction = static_cast<double>(state.done) / static_cast<double>(state.total);
    return fmt::format("{} %", static_cast<int>(std::min(1.0, fraction) * 100));
}

/// "6.0 MiB of 10.0 MiB", "1.2 MiB/s", "ETA 3 s": what is known of them, joined.
std::string facts(const ProgressState& state, std::string_view separator) {
    std::string text = amount(state.unit, state.done);
    if (state.total > 0) text += " of " + amount(state.unit, state.total);
    if (state.unit == ProgressUnit::messages) text += " messages";
    if (state.elapsed < settled) return text;
    const double per_second = static_cast<double>(state.done) * 1000 / static_cast<double>(state.elapsed.count());
    text += fmt::format("{}{}/s", separator, amount(state.unit, static_cast<std::uint64_t>(per_second)));
    if (state.total > state.done && per_second > 0) {
        const double left_ms = static_cast<double>(state.total - state.done) * 1000 / per_second;
        const auto bounded = milliseconds(static_cast<std::int64_t>(std::min(left_ms, 1e12)));
        text += fmt::format("{}ETA {}", separator, format_duration(bounded));
    }
    return text;
}

ProgressMode resolved(ProgressMode mode, const Output& output) {
    if (output.quiet()) return ProgressMode::off;
    if (mode != ProgressMode::automatic) return mode;
    return output.notes_are_terminal() ? ProgressMode::bar : ProgressMode::lines;
}

}  // namespace

std::string progress_bar(const ProgressState& state, std::size_t bar_width) {
    if (state.total == 0) return fmt::format("{} · {}", state.what, facts(state, " · "));
    const double fraction = std::min(1.0, static_cast<double>(state.done) / static_cast<double>(state.total));
    const auto filled = static_cast<std::size_t>(fraction * static_cast<double>(bar_width));
    std::string bar;
    for (std::size_t cell = 0; cell < bar_width; ++cell) bar += cell < filled ? "█" : "░";
    return fmt::format("{} {:>5} · {}", bar, percent(state), facts(state, " · "));
}

std::string progress_line(const ProgressState& state) {
    if (state.total == 0) return fmt::format("{}: {}", state.what, facts(state, ", "));
    return fmt::format("{}: {}, {}", state.what, percent(state), facts(state, ", "));
}

std::string progress_document(const ProgressState& state) {
    return fmt::format(R"({{"progress":{},"unit":"{}","done":{},"total":{},"elapsed_ms":{}}})", json_string(state.what),
                       state.unit == ProgressUnit::bytes ? "bytes" : "messages", state.done, state.total,
                       state.elapsed.count());
}

ProgressDisplay::ProgressDisplay(Output& output, std::string what, ProgressUnit unit, ProgressMode mode, Now now)
    : output_(output),
      what_(std::move(what)),
      unit_(unit),
      mode_(resolved(mode, output)),
      now_(std::move(now)),
      started_(now_()),
      shown_(started_) {}

ProgressDisplay::~ProgressDisplay() { clear(); }

void ProgressDisplay::update(std::uint64_t done, std::uint64_t total) {
    const auto time = now_();
    const auto since = std::chrono::duration_cast<milliseconds>(time - shown_);
    const ProgressState state{what_, unit_, done, total, std::chrono::duration_cast<milliseconds>(time - started_)};
    switch (mode_) {
        case ProgressMode::automatic:
        case ProgressMode::off: return;
        case ProgressMode::bar:
            if (since < bar_interval) return;
            output_.raw_note("\r\x1b[K" + progress_bar(state));
            bar_on_screen_ = true;
            break;
        case ProgressMode::lines:
            if (since < line_interval) return;
            output_.raw_note(progress_line(state) + "\n");
            break;
        case ProgressMode::json:
            if (since < document_interval) return;
            output_.raw_note(progress_document(state) + "\n");
            break;
    }
    shown_ = time;
}

void ProgressDisplay::clear() {
    if (!bar_on_screen_) return;
    output_.raw_note("\r\x1b[K");
    bar_on_screen_ = false;
}

}  // namespace foldback::cli
