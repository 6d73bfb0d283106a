#include "cli/serve_operations.hpp"

#include <system_error>

#include <fmt/format.h>

#include "cli/retention_file.hpp"
#include "cli/sd_notify.hpp"
#include "foldback/version.hpp"
#include "ops/process_metrics.hpp"
#include "ops/store_metrics.hpp"
#include "ops/subscription_metrics.hpp"

namespace foldback::cli {
namespace {

using std::chrono::milliseconds;

/// Lines about requests; more of them in one second are left out, and the number of those is told.
constexpr std::uint64_t max_lines_per_second = 200;

std::map<std::string, std::string> values_of(const Settings& settings) {
    std::map<std::string, std::string> values;
    for (const auto& setting : settings.all()) values[setting.name] = setting.current();
    return values;
}

LogLevel level_for(const server::RequestRecord& record) {
    if (record.status == 500) return LogLevel::error;
    return record.status > 500 ? LogLevel::warn : LogLevel::info;
}

}  // namespace

ServeOperations::ServeOperations(const ServeCommand& command, ServeSettings& settings, ServeLog& log)
    : command_(command),
      settings_(settings),
      log_(log),
      started_with_(values_of(settings_of(settings))),
      retention_(read_retention_file(settings.retention_file)),
      log_requests_(settings.log_requests),
      slow_request_(settings.slow_request),
      pulse_interval_(watchdog_interval()) {
    readiness_.set("store", "being opened");
    readiness_.set("serving", "not yet");
    settings_.api.is_held = [this](std::string_view path) { return retention_.rules()->is_held(path); };
    reloads_.add("settings", [this] { return load_again(); });
}

void ServeOperations::start_admin() {
    const auto listen = admin_address(settings_);
    if (!listen) return;
    server::HttpServerOptions options;
    options.addresses = {listen->address};
    options.port = listen->port;
    options.threads = 1;
    options.max_connections = 64;
    options.max_body_bytes = 0;
    admin_ = std::make_unique<server::HttpServer>(server::admin_handler(pages()), options);
    try {
        admin_->start();
    } catch (const std::system_error& error) {
        throw Failure(ExitCode::no,
                      fmt::format("cannot listen on {}: {}", settings_.admin_listen, error.code().message()),
                      "Choose another address with --admin-listen.");
    }
    log_.write(LogLevel::info, "admin listener", {{"url", listen->url(admin_->port())}});
}

server::AdminPages ServeOperations::pages() {
    server::AdminPages pages{.readiness = readiness_, .sources = {}};
    pages.sources.emplace_back([](server::MetricsText& text) {
        text.gauge("foldback_build_info", "1; the labels say what runs.");
        text.sample({{"version", version()}}, std::uint64_t{1});
    });
    pages.sources.emplace_back([this](server::MetricsText& text) { metrics_.write(text); });
    pages.sources.emplace_back([this](server::MetricsText& text) {
        if (auto* store = store_.load()) server::write_store_metrics(text, *store);
    });
    pages.sources.emplace_back([this](server::MetricsText& text) {
        if (auto* subscriptions = subscriptions_.load()) {
            server::write_subscription_metrics(text, subscriptions->stats());
        }
    });
    pages.sources.emplace_back(server::write_process_metrics);
    return pages;
}

std::unique_ptr<server::RequestHandler> ServeOperations::observed(std::unique_ptr<server::RequestHandler> handler) {
    server::ObserverOptions options{.stream_prefix = settings_.api.stream_prefix};
    options.wants = [this](unsigned status, std::chrono::nanoseconds took, bool is_live) {
        const bool is_slow = !is_live && took > slow_request_.load(std::memory_order_relaxed);
        return status >= 500 || is_slow || log_requests_.load(std::memory_order_relaxed);
    };
    options.tell = [this](const server::RequestRecord& record) { log_request(record); };
    return server::observed(std::move(handler), metrics_, std::move(options));
}

void ServeOperations::log_request(const server::RequestRecord& record) {
    const auto second =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
    if (log_second_.exchange(second) != second) {
        const auto lines = lines_this_second_.exchange(0);
        if (lines > max_lines_per_second) {
            log_.write(LogLevel::warn, "left out lines about requests", {{"lines", lines - max_lines_per_second}});
        }
    }
    if (lines_this_second_.fetch_add(1) >= max_lines_per_second) return;
    const auto ms = std::chrono::duration<double, std::milli>(record.took).count();
    const bool is_slow = !record.is_live && record.took > slow_request_.load();
    std::vector<ServeLog::Field> fields{{"request_id", record.request_id},
                                        {"method", std::string(name_of(record.method))},
                                        {"route", std::string(name_of(record.route))},
                                        {"path", record.path},
                                        {"status", std::uint64_t{record.status}},
                                        {"bytes", record.bytes},
                                        {"ms", ms}};
    if (!record.trace_id.empty()) fields.emplace_back("trace_id", record.trace_id);
    if (!record.producer_id.empty()) fields.emplace_back("producer_id", record.producer_id);
    log_.write(is_slow ? LogLevel::warn : level_for(record), is_slow ? "slow request" : "request", fields);
}

void ServeOperations::opened(MeasuredStore& store) {
    store_ = &store;
    readiness_.set("store", "");
}

void ServeOperations::subscribed(server::Subscriptions& subscriptions) {
    subscriptions_ = &subscriptions;
    server::RetentionOptions options;
    options.interval = settings_.retention_interval;
    options.on_truncated = [this](const StreamPath& stream, Offset before) {
        log_.write(LogLevel::info, "truncated by retention", {{"stream", stream.text()}, {"before", before.value}});
    };
    options.on_trouble = [this](const std::string& what) {
        count_error();
        log_.write(LogLevel::warn, "retention failed", {{"because", what}});
    };
    options.on_held_back = [this](std::uint64_t streams) {
        log_.write(LogLevel::info, "retention keeps what subscriptions have not acknowledged", {{"streams", streams}});
    };
    options.needed_from = [&subscriptions](const StreamInfo& info) { return subscriptions.needed_from(info); };
    enforcer_ =
        std::make_unique<server::RetentionEnforcer>(*store_.load(), system_clock(), retention_, std::move(options));
    enforcer_->start();
}

void ServeOperations::serving() {
    readiness_.set("serving", "");
    is_serving_ = true;
    sd_notify("READY=1");
}

std::function<void()> ServeOperations::load_again() {
    auto fresh = std::make_shared<ServeSettings>();
    auto list = settings_of(*fresh);
    load_settings(*fresh, list, command_, process_environment());
    auto rules = std::make_shared<server::RetentionRules>(read_retention_file(fresh->retention_file));
    auto values = values_of(list);
    return [this, fresh, rules, values = std::move(values)] {
        log_.set_level(level_named(fresh->log_level));
        log_requests_ = fresh->log_requests;
        slow_request_ = fresh->slow_request;
        retention_.replace(std::move(*rules));
        for (const auto& [name, value] : values) {
            const bool is_reread =
                name == "log-level" || name == "log-requests" || name == "slow-request-ms" || name == "retention-file";
            if (is_reread || started_with_.at(name) == value) continue;
            log_.write(LogLevel::warn, "a setting changed that takes effect at the next start", {{"setting", name}});
        }
    };
}

void ServeOperations::reload() {
    if (is_serving_) sd_notify_reloading();
    const auto problem = reloads_.reload();
    if (problem.empty()) {
        log_.write(LogLevel::info, "read the configuration again");
    } else {
        log_.write(LogLevel::error, "the configuration is bad; what was in force stays", {{"because", problem}});
    }
    if (is_serving_) sd_notify("READY=1");
}

void ServeOperations::pulse() {
    // Takes the lock that every read and write takes: stuck there, the supervisor should know.
    if (auto* store = store_.load()) (void)store->stats();
    sd_notify("WATCHDOG=1");
}

void ServeOperations::stopping() {
    is_serving_ = false;
    sd_notify("STOPPING=1");
    readiness_.set("serving", "stopping");
    subscriptions_ = nullptr;
    enforcer_.reset();
}

void ServeOperations::stopped() {
    enforcer_.reset();
    admin_.reset();
}

}  // namespace foldback::cli
