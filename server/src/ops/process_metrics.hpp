#pragma once

#include "ops/metrics_text.hpp"

namespace foldback::server {

/// What Prometheus' client libraries tell of every process: processor time, memory, open files, start.
void write_process_metrics(MetricsText& text);

}  // namespace foldback::server
