#pragma once

#include "foldback/server/subscriptions.hpp"
#include "ops/metrics_text.hpp"

namespace foldback::server {

/// What subscriptions count themselves.
void write_subscription_metrics(MetricsText& text, const SubscriptionStats& stats);

}  // namespace foldback::server
