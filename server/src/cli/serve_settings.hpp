#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/settings.hpp"
#include "foldback/server/api.hpp"
#include "foldback/server/http_server.hpp"
#include "foldback/server/subscriptions.hpp"
#include "foldback/store/log_store.hpp"

namespace foldback::cli {

/// Everything that `foldback serve` can be told.
struct ServeSettings {
    std::string listen = "127.0.0.1:4437";
    bool insecure_no_auth_on_public = false;
    std::string access_file;
    bool allow_local_jwks = false;
    std::string tls_certificate;
    std::string tls_key;
    std::string tls_client_ca;
    bool tls_terminated_upstream = false;
    std::string cors_origin;    ///< origins between commas, or `*`
    std::string allowed_hosts;  ///< names between commas
    std::size_t max_requests_per_second_per_address = 0;
    std::size_t max_requests_per_second_per_principal = 0;
    std::size_t max_streams = 0;
    std::size_t max_stored_bytes = 0;
    std::string data = "./foldback-data";
    bool memory = false;
    std::string log;      ///< URL of the database that holds the log; empty: it is in `data`
    std::string archive;  ///< directory or s3:// URL for sealed segments of that log; empty: none
    std::string archive_endpoint;
    std::string archive_region;
    std::string archive_credentials;  ///< file
    std::string archive_ca_file;
    std::size_t segments_in_database = 0;
    std::size_t partitions = 1;  ///< logs that the store is spread over
    bool keeper = false;         ///< this node does what one node of a shared log must do
    bool debug = false;
    std::chrono::milliseconds shutdown_timeout{10'000};
    std::string log_level = "info";
    std::string log_format = "auto";
    std::string log_file;
    bool log_requests = false;
    std::chrono::milliseconds slow_request{1'000};
    std::string admin_listen;
    std::string retention_file;
    std::chrono::milliseconds retention_interval{60'000};
    std::size_t threads = 0;
    std::size_t backlog = 4096;
    std::size_t max_body_bytes = 8 << 20;
    server::ApiOptions api;
    server::HttpServerOptions http;
    server::SubscriptionOptions subscriptions;
    LogStoreOptions store;
};

/// Binds every setting to a variable of `target`, which must outlive the list.
[[nodiscard]] Settings settings_of(ServeSettings& target);

/// Fills the settings from defaults, configuration file, environment and flags, in this order, and checks what
/// depends on each other. Throws Failure (usage, not_found).
void load_settings(ServeSettings& target, Settings& settings, const ServeCommand& command,
                   const Environment& environment);

/// The configuration file that is read when neither `--config` nor FOLDBACK_CONFIG names one.
inline constexpr const char* system_config_file = "/etc/foldback/foldback.toml";

struct ListenAddress {
    std::string address;  ///< an IPv4 or IPv6 literal
    std::uint16_t port = 0;
    bool is_loopback = false;

    /// The base URL of a server there that bound `bound_port`.
    [[nodiscard]] std::string url(std::uint16_t bound_port, std::string_view scheme = "http") const;
};

/// `127.0.0.1:4437`, `[::1]:4437`, `localhost:4437`, `0.0.0.0:0`. Throws Failure (usage).
[[nodiscard]] ListenAddress parse_listen(const std::string& text);

/// Whether the admin listener is wanted, and where. Throws Failure (usage; refused when other machines could reach it).
[[nodiscard]] std::optional<ListenAddress> admin_address(const ServeSettings& settings);

/// What is missing for an address that can be reached from elsewhere, as the end of a sentence; empty when nothing is.
[[nodiscard]] std::string missing_protection(const ListenAddress& address, const ServeSettings& settings);

/// Throws Failure (refused) when something is missing and nobody consented to that.
void require_consent_to_public(const ListenAddress& address, const ServeSettings& settings);

/// The parts of `a, b`, without blanks around them and without empty ones.
[[nodiscard]] std::vector<std::string> parse_list(const std::string& text);

}  // namespace foldback::cli
