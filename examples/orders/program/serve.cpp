#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdio>
#include <optional>
#include <system_error>

#include "api/customers.hpp"
#include "api/order_api.hpp"
#include "api/pages.hpp"
#include "foldback/remote/http_store.hpp"
#include "foldback/server/access.hpp"
#include "foldback/server/api.hpp"
#include "foldback/server/debugger.hpp"
#include "foldback/server/gates.hpp"
#include "foldback/server/http_server.hpp"
#include "foldback/server/principal.hpp"
#include "foldback/store/log_store.hpp"
#include "foldback/version.hpp"
#include "program/command_line.hpp"
#include "program/debugging.hpp"
#include "program/stop_signals.hpp"

namespace orders::cli {
namespace {

namespace server = foldback::server;

/// Of each connection to the read models: their indexes should fit.
constexpr std::size_t read_model_cache = 64 << 20;

/// Some wait for a read model to get where the caller wants it.
constexpr std::size_t query_threads = 32;
constexpr std::size_t command_threads = 2;
/// Each waits for one answer of the store at a time when a command reads.
constexpr std::size_t remote_command_threads = 32;

struct Address {
    std::string host;
    std::uint16_t port = 0;
};

/// Of "127.0.0.1:8080" or "[::1]:8080". Only this machine's own addresses: the service knows no users.
Address address_of(const std::string& text) {
    const auto colon = text.rfind(':');
    Address address;
    const auto* const begin = text.data() + (colon == std::string::npos ? text.size() : colon + 1);
    const auto* const end = text.data() + text.size();
    const auto parsed = std::from_chars(begin, end, address.port);
    if (begin == end || parsed.ec != std::errc() || parsed.ptr != end) {
        throw Failure(ExitCode::usage, "--listen " + text + " is no address and port",
                      "Write it so: --listen 127.0.0.1:8080");
    }
    address.host = text.substr(0, colon);
    if (address.host.starts_with('[') && address.host.ends_with(']')) {
        address.host = address.host.substr(1, address.host.size() - 2);
    }
    if (address.host == "localhost") address.host = "127.0.0.1";
    if (!address.host.starts_with("127.") && address.host != "::1") {
        throw Failure(ExitCode::usage, "--listen " + text + " is not an address of this machine alone",
                      "The example knows no users: put a proxy that does in front of it.");
    }
    return address;
}

void log(const std::string& line) { std::fprintf(stderr, "orders: %s\n", line.c_str()); }

/// What a request passes before it is answered: rules for browsers; with an access file also who may do what.
class Gates {
public:
    Gates(const std::filesystem::path& access, foldback::StreamStore& store,
          std::unique_ptr<server::RequestHandler> last)
        : last_(std::move(last)) {
        if (!access.empty()) {
            control_.emplace(access, foldback::system_clock(),
                             server::AccessOptions{.key_sets = server::key_sets_by_https(), .on_trouble = log});
            customers_ = api::with_customers(store, *last_);
            access_ = server::with_access(*control_, *customers_);
            debugger_page_ = server::with_debugger_page(*access_);
            pages_ = api::with_pages(*debugger_page_);
        }
        // The service is for this machine: no page under another name may reach it through somebody's browser.
        browsers_ = server::with_browser_rules({.allowed_origins = {}, .allowed_hosts = std::vector<std::string>{}},
                                               pages_ ? *pages_ : *last_);
    }
    [[nodiscard]] server::RequestHandler& first() const { return *browsers_; }

private:
    std::optional<server::AccessControl> control_;
    std::unique_ptr<server::RequestHandler> last_;
    std::unique_ptr<server::RequestHandler> customers_;
    std::unique_ptr<server::RequestHandler> access_;
    std::unique_ptr<server::RequestHandler> debugger_page_;
    std::unique_ptr<server::RequestHandler> pages_;
    std::unique_ptr<server::RequestHandler> browsers_;
};

/// How long an answer of a store elsewhere is waited for: no longer than a request may take to finish when the service stops.
constexpr std::chrono::milliseconds store_patience{8'000};

std::unique_ptr<foldback::StreamStore> connect_to_store(const ServeOptions& options) {
    foldback::HttpStoreOptions settings;
    settings.needed = foldback::Capabilities::all();
    settings.patience = store_patience;
    try {
        std::filesystem::create_directories(options.data);
        return foldback::HttpStore::open(options.store, std::move(settings));
    } catch (const std::invalid_argument& error) {
        throw Failure(ExitCode::usage, "--store: " + std::string(error.what()),
                      "Write it so: --store http://127.0.0.1:4437");
    } catch (const foldback::StorageError& error) {
        throw Failure(ExitCode::no, "cannot use the store: " + std::string(error.what()),
                      "Start it, for example so: foldback serve --data DIR");
    }
}

std::unique_ptr<foldback::StreamStore> open_store(const ServeOptions& options, std::atomic<bool>& broken) {
    if (!options.store.empty()) return connect_to_store(options);
    foldback::LogStoreOptions settings;
    settings.on_broken = [&broken](const std::string& what) {
        log("the store broke and takes no more writes: " + what);
        broken = true;
        StopSignals::raise();
    };
    settings.on_trouble = log;
    try {
        std::filesystem::create_directories(options.data);
        return foldback::LogStore::open(store_folder(options.data), std::move(settings));
    } catch (const foldback::StoreLocked&) {
        throw Failure(ExitCode::no, options.data.string() + " is in use by another process",
                      "Stop that one, or choose another folder: --data DIR");
    } catch (const std::filesystem::filesystem_error& error) {
        throw Failure(ExitCode::no, "cannot use " + options.data.string() + ": " + error.code().message());
    }
}

void print_screen(const std::string& url, const ServeOptions& options) {
    std::printf(
        "\nOrders, on Foldback %s%s\n\n"
        "  shop floor  %s/\n"
        "  API         %s/api/openapi.json\n"
        "  debugger    %s/debug/\n"
        "  streams     %s/v1/stream/orders/…\n"
        "  data        %s\n"
        "  events      %s\n"
        "  stop        Ctrl-C\n\n",
        std::string(foldback::version()).c_str(), options.reducer == Reducer::faulty ? ", with the planted fault" : "",
        url.c_str(), url.c_str(), url.c_str(), url.c_str(),
        std::filesystem::absolute(options.data).lexically_normal().c_str(),
        options.store.empty() ? "there, too" : options.store.c_str());
    std::fflush(stdout);
}

void start(server::HttpServer& http, const ServeOptions& options) {
    try {
        http.start();
    } catch (const std::system_error& error) {
        throw Failure(ExitCode::no, "cannot listen on " + options.listen + ": " + error.code().message(),
                      "Choose another port: --listen 127.0.0.1:0 lets the system choose a free one.");
    }
}

}  // namespace

ExitCode serve(const ServeOptions& options) {
    const auto address = address_of(options.listen);
    const StopSignals signals;
    std::atomic<bool> broken = false;
    const auto store = open_store(options, broken);
    const auto database = foldback::Database::open(read_model_file(options.data), {.cache_bytes = read_model_cache});
    Shop shop(*store, database, {.reducer = options.reducer, .on_error = log});
    server::ApiOptions protocol;
    protocol.requires_principal = !options.access.empty();
    server::Api streams(*store, protocol, foldback::system_clock());
    streams.on_error = log;
    api::OrderApi api(shop, streams, query_threads, options.store.empty() ? command_threads : remote_command_threads);
    server::HttpServerOptions settings;
    settings.addresses = {address.host};
    settings.port = address.port;
    settings.on_error = [](std::string_view what) { log(std::string(what)); };
    server::DebuggerOptions debugging{.build = build_name(options.reducer),
                                      .marks = [&shop](const foldback::StreamPath&) { return checkpoints_of(shop); },
                                      .on_error = log};
    if (protocol.requires_principal) {
        debugging.authorise = [](const server::Request& request) {
            return request.principal && request.principal->may(server::Verb::admin, {});
        };
    }
    server::Debugger debugger(*store, debugger_registry(options.reducer), std::move(debugging));
    const Gates gates(options.access, *store, server::with_debugger(debugger, api));
    server::HttpServer http(gates.first(), settings);

    shop.start();
    start(http, options);
    const auto host = address.host.find(':') == std::string::npos ? address.host : "[" + address.host + "]";
    print_screen("http://" + host + ":" + std::to_string(http.port()), options);

    const auto signal = signals.wait();
    signals.release();
    log("stopping (" + signal + ")");
    const bool finished = http.stop(options.shutdown_timeout);
    shop.stop();
    if (broken) return ExitCode::broken;
    if (!finished) log("requests were cut off because they did not finish in time");
    return finished ? ExitCode::ok : ExitCode::no;
}

}  // namespace orders::cli
