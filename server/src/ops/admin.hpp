#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "foldback/server/request_handler.hpp"
#include "ops/metrics_text.hpp"

namespace foldback::server {

/// Whether the server can do its work: named checks, each with what is wrong. From any thread.
class Readiness {
public:
    /// An empty problem means that the check passes.
    void set(const std::string& check, std::string problem);
    [[nodiscard]] std::map<std::string, std::string> checks() const;

private:
    mutable std::mutex mutex_;
    std::map<std::string, std::string> checks_;
};

/// What the admin listener tells. Each source writes its families; it is called for each scrape, on the listener's thread.
struct AdminPages {
    const Readiness& readiness;
    std::vector<std::function<void(MetricsText&)>> sources;
};

/// `/healthz` (the process answers), `/readyz` (all checks pass; the body lists them), `/metrics` (Prometheus) and
/// `/version`. For a listener of its own: it asks nobody who they are. Pages of other sites cannot read it, because it
/// answers to addresses and `localhost` only (no other name in `Host`).
[[nodiscard]] std::unique_ptr<RequestHandler> admin_handler(AdminPages pages);

}  // namespace foldback::server
