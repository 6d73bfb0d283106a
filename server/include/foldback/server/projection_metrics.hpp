#pragma once

#include <string>
#include <vector>

#include "foldback/app/projection_runner.hpp"

namespace foldback::server {

/// What a service's projections are doing, in the text format of Prometheus (0.0.4), for a route of its own:
/// `foldback_projection_lag_events`, `foldback_projection_lag_seconds`, `foldback_projection_errors_total`,
/// `foldback_projection_parked_events` and `foldback_projection_up`, each with the label `projection`. Send it as
/// `projection_metrics_type`.
[[nodiscard]] std::string projection_metrics(const std::vector<ProjectionStatus>& projections);

inline constexpr const char* projection_metrics_type = "text/plain; version=0.0.4";

}  // namespace foldback::server
