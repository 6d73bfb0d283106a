#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <optional>
#include <system_error>

#include <fmt/format.h>

#include "cli/answers.hpp"
#include "cli/data_directory.hpp"
#include "cli/open_files.hpp"
#include "cli/sd_notify.hpp"
#include "cli/serve_access.hpp"
#include "cli/serve_log.hpp"
#include "cli/serve_node.hpp"
#include "cli/serve_operations.hpp"
#include "cli/serve_settings.hpp"
#include "cli/stop_signals.hpp"
#include "cli/units.hpp"
#include "cli/verbs.hpp"
#include "foldback/server/api.hpp"
#include "foldback/server/debugger.hpp"
#include "foldback/server/http_server.hpp"
#include "foldback/server/principal.hpp"
#include "foldback/server/quotas.hpp"
#include "foldback/server/request_handler.hpp"
#include "foldback/server/subscriptions.hpp"
#include "foldback/version.hpp"

namespace foldback::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds reminder_interval{60'000};
constexpr milliseconds progress_interval{5'000};
/// In the store's directory.
constexpr const char* key_file_name = "webhook-keys.json";
/// A broken store answers nothing any more: there is little to wait for.
constexpr milliseconds broken_grace{1'000};

/// The life of `foldback serve`, from checked settings to the exit code.
class Service {
public:
    Service(const ServeCommand& command, ServeSettings& settings, ServeLog& log)
        : settings_(settings), log_(log), listen_(parse_listen(settings.listen)), operations_(command, settings, log) {}

    ~Service() {
        for (const int signal : {SIGHUP, SIGUSR1}) signals_.on(signal, {});
        operations_.stopped();
    }
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;

    ExitCode run() {
        require_consent_to_public(listen_, settings_);
        access_.emplace(settings_, listen_, [this](const std::string& what) { log_.write(LogLevel::warn, what); });
        settings_.http.tls = access_->tls();
        operations_.reloads().add("access", [this] { return access_->read_again(); });
        const auto open_files = raise_open_file_limit();
        signals_.on(SIGHUP, [this] { operations_.reload(); });
        signals_.on(SIGUSR1, [this] { log_.reopen(); });
        operations_.start_admin();
        open_store();
        share_open_files(open_files);
        settings_.api.has_room = room_in(*store_, settings_);
        quotas_ = server::quotas_of(*store_, system_clock());
        settings_.api.quotas = quotas_.get();
        open_subscriptions();
        server::ReservedApi* reserved = subscriptions_.get();
        if (reserved == nullptr) reserved = &elsewhere_;
        server::Api api(*store_, settings_.api, system_clock(), reserved);
        api.on_error = [this](const std::string& what) {
            operations_.count_error();
            log_.write(LogLevel::error, what);
        };
        settings_.http.on_error = [this](std::string_view what) { log_.write(LogLevel::warn, what); };
        if (!settings_.debug) return serve(access_->guarded(server::handler_of(api)));
        server::Debugger debugger(*store_, Registry(), debugger_options());
        return serve(access_->guarded(server::with_debugger(debugger, api)));
    }

private:
    ExitCode serve(std::unique_ptr<server::RequestHandler> handler) {
        server::HttpServer http(operations_.observed(std::move(handler)), settings_.http);
        start(http);
        operations_.serving();
        return stop(http, wait());
    }

    void open_store() {
        auto options = settings_.store;
        options.on_broken = [this](const std::string& what) { signals_.stop({StopReason::Kind::broken, what}); };
        options.on_trouble = [this](const std::string& what) {
            operations_.count_error();
            log_.write(LogLevel::warn, what);
        };
        if (settings_.memory) {
            store_ = LogStore::in_memory(std::move(options));
            operations_.opened(*store_);
            return;
        }
        options.on_progress = [this](const Progress& progress) { log_progress(progress); };
        OpenReport report;
        try {
            if (settings_.log.empty()) {
                store_ = LogStore::open(settings_.data, std::move(options), &report);
            } else {
                const NodeEvents events{.on_trouble = options.on_trouble, .on_keeper_lost = options.on_broken};
                auto node = open_node(settings_, options, events, report);
                store_ = std::move(node.store);
                logs_ = std::move(node.logs);
                archivers_ = std::move(node.archivers);
            }
        } catch (const StorageError& error) {
            throw failure_of(error, settings_.data);
        }
        log_report(report);
        operations_.opened(*store_);
    }

    void open_subscriptions() {
        if (!settings_.log.empty() && !settings_.keeper) return;
        auto options = settings_.subscriptions;
        options.stream_prefix = settings_.api.stream_prefix;
        options.public_url = settings_.api.public_url;
        if (!settings_.memory) options.key_file = std::filesystem::path(settings_.data) / key_file_name;
        options.on_trouble = [this](const std::string& what) { log_.write(LogLevel::warn, what); };
        try {
            subscriptions_ =
                std::make_unique<server::Subscriptions>(*store_, std::move(options), system_clock(), logs_);
        } catch (const std::runtime_error& error) {
            throw Failure(ExitCode::refused, error.what(),
                          "Webhooks are signed with these keys: receivers take no others without being told.");
        }
    }

    server::DebuggerOptions debugger_options() {
        server::DebuggerOptions options;
        options.build = fmt::format("foldback {}", version());
        options.stream_prefix = settings_.api.stream_prefix;
        options.on_error = [this](const std::string& what) { log_.write(LogLevel::error, what); };
        if (settings_.api.requires_principal) {
            options.authorise = [](const server::Request& request) {
                return request.principal && request.principal->may(server::Verb::admin, {});
            };
        }
        return options;
    }

    void share_open_files(std::uint64_t open_files) {
        auto& connections = settings_.http.max_connections;
        const auto room = connections_within(open_files, settings_.partitions, connections);
        if (room == connections) return;
        if (room < std::min(min_connections, connections)) {
            throw Failure(ExitCode::refused,
                          fmt::format("the limit of {} open files leaves no room for connections", open_files),
                          "Raise the limit: LimitNOFILE=65536 in the systemd unit, or `ulimit -Hn 65536`.");
        }
        log_.write(LogLevel::warn, "the limit of open files allows fewer connections than max-connections says",
                   {{"max_connections", static_cast<std::uint64_t>(room)}, {"open_files", open_files}});
        connections = room;
    }

    void log_progress(const Progress& progress) {
        const auto now = std::chrono::steady_clock::now();
        if (now - last_progress_ < progress_interval) return;
        last_progress_ = now;
        sd_notify("EXTEND_TIMEOUT_USEC=60000000");  // a supervisor's patience with the start
        log_.write(LogLevel::info, progress.what,
                   {{"done_bytes", progress.done_bytes}, {"total_bytes", progress.total_bytes}});
    }

    void log_report(const OpenReport& report) {
        if (report.torn_bytes > 0) {
            log_.write(LogLevel::warn, "cut the torn end of the log: an append that was never acknowledged",
                       {{"torn_bytes", report.torn_bytes}});
        }
        if (!report.copy_discarded_because.empty()) {
            log_.write(LogLevel::warn, "fetched the copy of the log again",
                       {{"because", report.copy_discarded_because}});
        }
        if (report.index_rebuilt) {
            log_.write(LogLevel::info, "rebuilt the index from the log", {{"because", report.index_rebuilt_because}});
        }
        log_.write(LogLevel::info, "opened the store",
                   {{"segments", report.segments},
                    {"scanned_bytes", report.scanned_bytes},
                    {"streams", store_->stats().streams}});
    }

    void start(server::HttpServer& http) {
        try {
            http.start();
        } catch (const std::system_error& error) {
            throw Failure(ExitCode::no,
                          fmt::format("cannot listen on {}: {}", settings_.listen, error.code().message()),
                          "Choose another address: --listen 127.0.0.1:0 lets the system choose a free port.");
        }
        if (subscriptions_) {
            subscriptions_->start();
            operations_.subscribed(*subscriptions_);
        }
        signals_.serving();
        const auto base = listen_.url(http.port(), access_->tls() ? "https" : "http");
        const auto url = base + settings_.api.stream_prefix;
        const auto data =
            settings_.memory ? "memory" : std::filesystem::absolute(settings_.data).lexically_normal().string();
        const auto* durability = settings_.memory        ? "none: nothing survives this process"
                                 : settings_.log.empty() ? "every acknowledged write is on disk"
                                                         : "every acknowledged write is in the database";
        if (log_.json()) {
            log_.write(LogLevel::info, "serving",
                       {{"version", std::string(version())}, {"url", url}, {"data", data}, {"durability", durability}});
        } else {
            print_screen(url, data, durability);
            if (settings_.debug) {
                Output({}).raw_note(fmt::format("  debugger    {}/debug/\n\n", base));
            }
        }
    }

    static void print_screen(const std::string& url, const std::string& data, const char* durability) {
        Output output({});
        output.raw_note(
            fmt::format("\nFoldback {}\n\n  streams     {}\n  data        {}\n  durability  {}\n\n  try         "
                        "curl -X PUT {}hello -H 'Content-Type: application/json'\n  stop        Ctrl-C\n\n",
                        version(), url, data, durability, url));
    }

    StopReason wait() {
        const auto interval = std::min(reminder_interval, operations_.pulse_interval().value_or(reminder_interval));
        auto next_reminder = std::chrono::steady_clock::now();
        for (;;) {
            const auto now = std::chrono::steady_clock::now();
            const auto missing = missing_protection(listen_, settings_);
            if (!missing.empty() && now >= next_reminder) {
                next_reminder = now + reminder_interval;
                log_.write(LogLevel::warn, "listening on a public address although this server " + missing,
                           {{"listen", settings_.listen}});
            }
            operations_.pulse();
            if (auto reason = signals_.wait_for(interval)) return *std::move(reason);
        }
    }

    ExitCode stop(server::HttpServer& http, const StopReason& reason) {
        operations_.stopping();
        const bool broken = reason.kind == StopReason::Kind::broken;
        if (broken) {
            log_.write(LogLevel::error,
                       "the store broke and accepts no more writes; start the server again to reopen it",
                       {{"because", reason.what}});
        } else {
            log_.write(LogLevel::info, "stopping", {{"signal", reason.what}});
        }
        const bool finished = http.stop(broken ? broken_grace : settings_.shutdown_timeout);
        if (subscriptions_) subscriptions_->stop();
        if (broken) return ExitCode::broken;
        if (!finished) {
            log_.write(LogLevel::warn, "requests were cut off because they did not finish in time");
            return ExitCode::no;
        }
        return ExitCode::ok;
    }

    ServeSettings& settings_;
    ServeLog& log_;
    ListenAddress listen_;
    std::chrono::steady_clock::time_point last_progress_ = std::chrono::steady_clock::now();
    std::optional<ServeAccess> access_;
    StopSignals signals_;
    ServeOperations operations_;  ///< before the store, which calls back until it is gone
    std::unique_ptr<MeasuredStore> store_;
    std::vector<StreamStore*> logs_;  ///< of the store, when they are several
    std::vector<std::unique_ptr<Archiver>> archivers_;
    std::unique_ptr<server::Quotas> quotas_;
    std::unique_ptr<server::Subscriptions> subscriptions_;  ///< null: another node is the keeper
    SubscriptionsElsewhere elsewhere_;
};

}  // namespace

ExitCode run(const ServeCommand& command, Session) {
    ServeSettings values;
    auto settings = settings_of(values);
    load_settings(values, settings, command, process_environment());
    const bool for_people = values.log_file.empty() && ::isatty(STDERR_FILENO) == 1;
    const bool json = values.log_format == "json" || (values.log_format == "auto" && !for_people);
    ServeLog log(level_named(values.log_level), json, values.log_file);
    for (const auto& sentence : unknown_variables(settings, environ)) log.write(LogLevel::warn, sentence);
    try {
        auto code = ExitCode::ok;
        {
            Service service(command, values, log);
            code = service.run();
        }
        log.write(LogLevel::info, "stopped", {{"exit_code", static_cast<std::uint64_t>(code)}});
        return code;
    } catch (const Failure& failure) {
        if (!json) throw;
        log.write(LogLevel::error, failure.what(),
                  {{"remedy", failure.remedy()}, {"exit_code", static_cast<std::uint64_t>(failure.code())}});
        return failure.code();
    }
}

}  // namespace foldback::cli
