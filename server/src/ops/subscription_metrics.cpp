#include "ops/subscription_metrics.hpp"

namespace foldback::server {

void write_subscription_metrics(MetricsText& text, const SubscriptionStats& stats) {
    text.counter("foldback_webhook_deliveries_total",
                 "Webhooks sent: done with the answer, accepted to call back later, or failed.");
    text.sample({{"result", "done"}}, stats.done);
    text.sample({{"result", "accepted"}}, stats.accepted);
    text.sample({{"result", "failed"}}, stats.failed);
    text.gauge("foldback_subscriptions", "Subscriptions there are.");
    text.sample({}, stats.subscriptions);
    text.gauge("foldback_subscriptions_failing", "Of those, whose last wake was not taken.");
    text.sample({}, stats.failing);
}

}  // namespace foldback::server
