#pragma once

#include "foldback/store/measured_store.hpp"
#include "ops/metrics_text.hpp"

namespace foldback::server {

/// What the store counts itself.
void write_store_metrics(MetricsText& text, MeasuredStore& store);

}  // namespace foldback::server
