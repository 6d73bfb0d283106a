#include "cli/progress.hpp"

#include <doctest/doctest.h>

#include "captured.hpp"

using namespace foldback::cli;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t mib = 1 << 20;

/// A clock that the test moves.
struct Time {
    std::chrono::steady_clock::time_point now{};
    ProgressDisplay::Now read() {
        return [this] { return now; };
    }
};

}  // namespace

TEST_CASE("a bar shows the part, the amount, the rate and the time left") {
    const ProgressState state{"verifying", ProgressUnit::bytes, 6 * mib, 10 * mib, 3000ms};

    CHECK(progress_bar(state, 10) == "██████░░░░  60 % · 6.0 MiB of 10.0 MiB · 2.0 MiB/s · ETA 2.0 s");
    CHECK(progress_line(state) == "verifying: 60 %, 6.0 MiB of 10.0 MiB, 2.0 MiB/s, ETA 2.0 s");
    CHECK(progress_document(state) ==
          R"({"progress":"verifying","unit":"bytes","done":6291456,"total":10485760,"elapsed_ms":3000})");
}

TEST_CASE("without a total there is no bar and no time left") {
    const ProgressState state{"appending", ProgressUnit::messages, 12'408, 0, 2000ms};

    CHECK(progress_bar(state) == "appending · 12,408 messages · 6,204/s");
    CHECK(progress_line(state) == "appending: 12,408 messages, 6,204/s");
}

TEST_CASE("the rate of the first moment is not told") {
    CHECK(progress_bar({"verifying", ProgressUnit::bytes, mib, 10 * mib, 10ms}, 10) ==
          "█░░░░░░░░░  10 % · 1.0 MiB of 10.0 MiB");
}

TEST_CASE("a bar is never more than full and nothing divides by zero") {
    CHECK(progress_bar({"w", ProgressUnit::bytes, 20, 10, 0ms}, 4) == "████ 100 % · 20 B of 10 B");
    CHECK(progress_line({"w", ProgressUnit::bytes, 0, 10, 5000ms}) == "w: 0 %, 0 B of 10 B, 0 B/s");
}

TEST_CASE("a display that is no terminal says a line every five seconds") {
    Captured captured;
    Time time;
    ProgressDisplay display(captured.output, "verifying", ProgressUnit::bytes, ProgressMode::automatic, time.read());

    for (int step = 1; step <= 110; ++step) {
        time.now += 100ms;
        display.update(static_cast<std::uint64_t>(step) * mib, 110 * mib);
    }

    CHECK(captured.notes() ==
          "verifying: 45 %, 50.0 MiB of 110 MiB, 10.0 MiB/s, ETA 6.0 s\n"
          "verifying: 90 %, 100 MiB of 110 MiB, 10.0 MiB/s, ETA 1.0 s\n");
}

TEST_CASE("a bar is drawn in place, ten times a second, and removed") {
    Captured captured;
    Time time;
    {
        ProgressDisplay display(captured.output, "w", ProgressUnit::bytes, ProgressMode::bar, time.read());
        display.update(1, 10);
        time.now += 100ms;
        display.update(5, 10);
        time.now += 50ms;
        display.update(6, 10);
    }

    CHECK(captured.notes() == "\r\x1b[K" + progress_bar({"w", ProgressUnit::bytes, 5, 10, 100ms}) + "\r\x1b[K");
}

TEST_CASE("quiet shows no progress") {
    Captured captured({.quiet = true});
    Time time;
    ProgressDisplay display(captured.output, "w", ProgressUnit::bytes, ProgressMode::lines, time.read());
    time.now += 1h;

    display.update(1, 2);

    CHECK(captured.notes().empty());
}
