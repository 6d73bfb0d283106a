#include "foldback/server/projection_metrics.hpp"

#include "ops/metrics_text.hpp"

namespace foldback::server {

namespace {

/// Whether it applies events, or will without anybody's help.
bool is_up(ProjectionState state) noexcept {
    switch (state) {
        case ProjectionState::catching_up:
        case ProjectionState::live: return true;
        case ProjectionState::retrying:
        case ProjectionState::paused:
        case ProjectionState::stopped:
        case ProjectionState::outdated: break;
    }
    return false;
}

}  // namespace

std::string projection_metrics(const std::vector<ProjectionStatus>& projections) {
    MetricsText text;
    const auto each = [&](const auto& value) {
        for (const auto& one : projections) text.sample({{"projection", one.name}}, value(one));
    };
    text.gauge("foldback_projection_lag_events", "Events that the projection has not seen yet.");
    each([](const ProjectionStatus& one) { return one.lag_events; });
    text.gauge("foldback_projection_lag_seconds", "How long the oldest of them has been waiting.");
    each([](const ProjectionStatus& one) { return std::chrono::duration<double>(one.lag).count(); });
    text.counter("foldback_projection_errors_total", "Attempts to apply events that failed.");
    each([](const ProjectionStatus& one) { return one.failures; });
    text.gauge("foldback_projection_parked_events", "Events put aside because they failed.");
    each([](const ProjectionStatus& one) { return one.parked_events; });
    text.gauge("foldback_projection_up",
               "1 while it applies events as they come; 0 when it failed, is paused or outdated.");
    each([](const ProjectionStatus& one) { return std::uint64_t{is_up(one.state)}; });
    return std::move(text).take();
}

}  // namespace foldback::server
