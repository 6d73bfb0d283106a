#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "cli/serve_log.hpp"
#include "cli/serve_settings.hpp"
#include "foldback/server/http_server.hpp"
#include "foldback/server/request_handler.hpp"
#include "foldback/server/subscriptions.hpp"
#include "ops/admin.hpp"
#include "ops/observer.hpp"
#include "ops/reloads.hpp"
#include "retention/enforcer.hpp"

namespace foldback::cli {

/// What surrounds a server that somebody has to run: the admin listener, metrics, the log of requests, retention,
/// reloading, and what the supervisor is told.
class ServeOperations {
public:
    /// All must outlive it. Reads the retention file. Throws Failure.
    ServeOperations(const ServeCommand& command, ServeSettings& settings, ServeLog& log);

    /// What other parts read again on SIGHUP.
    [[nodiscard]] server::Reloads& reloads() noexcept { return reloads_; }
    /// What other parts say of whether they can work.
    [[nodiscard]] server::Readiness& readiness() noexcept { return readiness_; }
    /// Counts a failure, wherever the log tells of it.
    void count_error() noexcept { metrics_.count_error(); }

    /// Before the store is opened, which may take long: `/readyz` says so. Throws Failure.
    void start_admin();
    [[nodiscard]] std::unique_ptr<server::RequestHandler> observed(std::unique_ptr<server::RequestHandler> handler);
    /// The store is open and stays so until `stopped`.
    void opened(MeasuredStore& store);
    /// Subscriptions have begun, and stay until `stopping`. From now on streams are kept as the retention rules say.
    void subscribed(server::Subscriptions& subscriptions);
    void serving();
    /// Reads again what can be read again; what is bad changes nothing. From any thread.
    void reload();
    /// To be called every so often while all is well: tells the supervisor so.
    [[nodiscard]] std::optional<std::chrono::milliseconds> pulse_interval() const noexcept { return pulse_interval_; }
    void pulse();
    void stopping();
    /// Ends the threads. What the store calls back may still be counted and logged.
    void stopped();

private:
    [[nodiscard]] std::function<void()> load_again();
    [[nodiscard]] server::AdminPages pages();
    void log_request(const server::RequestRecord& record);

    const ServeCommand& command_;
    ServeSettings& settings_;
    ServeLog& log_;
    std::map<std::string, std::string> started_with_;  ///< value of each setting
    server::Reloads reloads_;
    server::Readiness readiness_;
    server::RequestMetrics metrics_;
    server::Retention retention_;
    std::atomic<bool> is_serving_{false};
    std::atomic<bool> log_requests_{false};
    std::atomic<std::chrono::milliseconds> slow_request_{};
    std::atomic<std::int64_t> log_second_{0};
    std::atomic<std::uint64_t> lines_this_second_{0};
    std::optional<std::chrono::milliseconds> pulse_interval_;
    std::atomic<MeasuredStore*> store_{nullptr};
    std::atomic<server::Subscriptions*> subscriptions_{nullptr};
    std::unique_ptr<server::RetentionEnforcer> enforcer_;
    std::unique_ptr<server::HttpServer> admin_;  ///< last: its thread uses the rest
};

}  // namespace foldback::cli
