#include "cli/serve_settings.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "cli/failure.hpp"
#include "cli/serve_archive.hpp"
#include "cli/units.hpp"

namespace foldback::cli {
namespace {

constexpr std::uint64_t kib = 1ULL << 10;
constexpr std::uint64_t mib = 1ULL << 20;
constexpr std::uint64_t gib = 1ULL << 30;
constexpr std::size_t max_partitions = 64;
constexpr std::uint64_t day_ms = 86'400'000;

void add_main(Settings& list, ServeSettings& target) {
    list.start_group("Server");
    list.add_text("listen", target.listen, "HOST:PORT", "address to listen on; port 0 lets the system choose one");
    list.add_text("data", target.data, "DIR", "directory of the store; created when it is missing");
    list.add_text(
        "log", target.log, "URL",
        "postgres://USER@HOST/DATABASE: the log is there, where several nodes share it, and data is a copy of "
        "it; empty: the log is in data");
    list.add_switch("keeper", target.keeper,
                    "of the nodes that share a log, this one serves subscriptions and enforces retention");
    list.add_text("archive", target.archive, "PLACE",
                  "directory that all nodes reach, or s3://BUCKET/PREFIX: segments of the log are copied there as they "
                  "are sealed, and nodes that start without a copy begin with them; empty: none");
    list.add_count("segments-in-database", target.segments_in_database, {0, 1'000'000},
                   "sealed segments, the newest, that stay in the database; older ones are removed from it when they "
                   "have been read back from the archive; 0: all stay");
    list.add_count("partitions", target.partitions, {1, max_partitions},
                   "logs in the database over which streams are spread by the first segment of their paths; fixed at "
                   "the first start, the same for all nodes");
    list.add_switch("memory", target.memory, "keep everything in memory; nothing survives the process");
    list.add_switch("debug", target.debug,
                    "serve the time-travel debugger at /debug/; on loopback, or for principals with the verb admin");
    list.add_milliseconds("shutdown-timeout-ms", target.shutdown_timeout, {0, day_ms},
                          "time for requests to finish after SIGTERM or SIGINT");
    list.add_choice("log-level", target.log_level, {"debug", "info", "warn", "error"},
                    "what is logged, from this level on");
    list.add_choice("log-format", target.log_format, {"auto", "text", "json"},
                    "form of the log; auto is text on a terminal and else JSON");
    list.add_text("log-file", target.log_file, "FILE",
                  "where the log goes, appended; SIGUSR1 opens it again; empty: standard error");
    list.add_switch("log-requests", target.log_requests, "log every request, not only slow and failed ones");
    list.add_milliseconds("slow-request-ms", target.slow_request, {0, day_ms},
                          "a request that takes longer is logged; live reads, which wait, are not meant");
    list.add_text("admin-listen", target.admin_listen, "HOST:PORT",
                  "address of /healthz, /readyz, /metrics and /version, on loopback only; empty: none");
}

void add_bucket(Settings& list, ServeSettings& target) {
    list.start_group("An archive in S3");
    list.add_text("archive-endpoint", target.archive_endpoint, "URL",
                  "http:// or https:// server of the bucket, if that is not at Amazon's; empty: as AWS_ENDPOINT_URL_S3 "
                  "or AWS_ENDPOINT_URL says");
    list.add_text("archive-region", target.archive_region, "NAME",
                  "region of the bucket; empty: as AWS_REGION or AWS_DEFAULT_REGION says, or else us-east-1");
    list.add_text("archive-credentials", target.archive_credentials, "FILE",
                  "keys in the form of ~/.aws/credentials, read again for each request, so that they may be renewed; "
                  "empty: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN of the environment, or the "
                  "file that AWS_SHARED_CREDENTIALS_FILE names");
    list.add_text("archive-ca-file", target.archive_ca_file, "FILE",
                  "certificates in PEM that the server may have instead of the system's authorities'; empty: as "
                  "AWS_CA_BUNDLE says");
}

void add_access(Settings& list, ServeSettings& target) {
    list.start_group("Access");
    list.add_text(
        "access-file", target.access_file, "FILE",
        "who may do what: tokens, JWTs, certificates, grants; read again at SIGHUP; empty: everybody may everything");
    list.add_switch("allow-local-jwks", target.allow_local_jwks,
                    "the jwks_url of an access file may be of this machine, also over http; for development");
    list.add_text(
        "tls-certificate", target.tls_certificate, "FILE",
        "PEM: the server's certificate and those that lead to its authority; read again at SIGHUP; empty: no TLS");
    list.add_text("tls-key", target.tls_key, "FILE", "PEM: its key, without a passphrase");
    list.add_text("tls-client-ca", target.tls_client_ca, "FILE",
                  "PEM: authorities whose certificates clients may show; empty: none is asked for");
    list.add_milliseconds("handshake-timeout-ms", target.http.handshake_timeout, {1, day_ms},
                          "for the TLS handshake; reset beyond");
    list.add_switch("tls-terminated-upstream", target.tls_terminated_upstream,
                    "a proxy in front speaks TLS, so a public address needs none here");
    list.add_switch("insecure-no-auth-on-public", target.insecure_no_auth_on_public,
                    "listen on an address that is not loopback although authentication or TLS is missing");
    list.add_text("cors-origin", target.cors_origin, "ORIGINS",
                  "origins whose pages may ask, such as https://app.example, between commas; * for all, without "
                  "access-file only; empty: none but the server's own");
    list.add_text("allowed-hosts", target.allowed_hosts, "NAMES",
                  "names by which the server may be asked, between commas, beside localhost and the public-url's; "
                  "* for any; on loopback without access-file nothing else is served");
    list.add_count("max-requests-per-second-per-address", target.max_requests_per_second_per_address, {0, 10'000'000},
                   "of one IPv4 address or IPv6 /64, as many at once; 429 beyond; 0: any number");
    list.add_count("max-requests-per-second-per-principal", target.max_requests_per_second_per_principal,
                   {0, 10'000'000}, "of one principal of the access file; 429 beyond; 0: any number");
    list.add_count("max-streams", target.max_streams, {0, 1'000'000'000}, "streams; 507 for one more; 0: any number");
    list.add_bytes("max-stored-bytes", target.max_stored_bytes, {0, UINT64_MAX},
                   "size of the log; 507 for appends beyond; 0: as the disk has");
}

void add_protocol(Settings& list, ServeSettings& target) {
    auto& api = target.api;
    list.start_group("Protocol");
    list.add_text("stream-prefix", api.stream_prefix, "PATH", "path under which the streams are");
    list.add_text("public-url", api.public_url, "URL",
                  "what clients put before that path, for the Location of new streams; empty: as each request says");
    list.add_milliseconds("long-poll-timeout-ms", api.long_poll_timeout, {1, day_ms},
                          "how long a long-poll waits before it is answered with 204");
    list.add_milliseconds("sse-lifetime-ms", api.sse_lifetime, {1, day_ms},
                          "after this an SSE connection is ended and the client reconnects");
    list.add_bytes("max-response-bytes", api.max_response_bytes, {1, gib}, "payload of one catch-up response");
    list.add_bytes("max-body-bytes", target.max_body_bytes, {1, 64 * mib}, "body of one request; 413 beyond");
    list.add_count("max-json-depth", api.max_json_depth, {1, 10'000}, "nesting of a JSON message; 400 beyond");
    list.add_count("max-batch-messages", api.max_batch_messages, {1, 10'000'000}, "messages of one append; 413 beyond");
    list.add_count("read-threads", api.read_threads, {1, 1024},
                   "threads for reads from disk of what is not in memory; one stream has half of them at most");
    list.add_count("max-queued-reads", api.max_queued_reads, {1, 1'000'000},
                   "reads waiting for one of these threads; 503 beyond, for one stream beyond half");
    list.add_count("max-waiters", api.max_waiters, {1, 100'000'000}, "long-polls and SSE readers; 503 beyond");
    list.add_count("max-waiters-per-stream", api.max_waiters_per_stream, {1, 100'000'000},
                   "the same of one stream; 429 beyond");
}

void add_request_limits(Settings& list, ServeSettings& target) {
    auto& http = target.http;
    list.start_group("Requests");
    list.add_bytes("max-request-line-bytes", http.max_request_line_bytes, {64, mib}, "request line; 414 beyond");
    list.add_bytes("max-header-bytes", http.max_header_bytes, {256, 16 * mib}, "all header lines together; 431 beyond");
    list.add_count("max-header-fields", http.max_header_fields, {1, 100'000}, "header lines; 431 beyond");
    list.add_bytes("max-chunk-overhead-bytes", http.max_chunk_overhead_bytes, {kib, gib},
                   "chunk framing beyond the data it carries; 400 beyond");
    list.add_bytes("max-bodies-in-flight-bytes", http.max_bodies_in_flight_bytes, {kib, UINT64_MAX},
                   "unanswered bodies of all connections; 503 beyond");
    list.add_milliseconds("header-timeout-ms", http.header_timeout, {1, day_ms},
                          "from a request's first byte to its last header; 408 beyond");
    list.add_milliseconds("body-grace-ms", http.body_grace, {1, day_ms},
                          "after this a body must have come at the rate below; 408 beyond");
    list.add_bytes("min-body-bytes-per-second", http.min_body_bytes_per_second, {0, gib},
                   "rate of a body that is received");
}

void add_connection_limits(Settings& list, ServeSettings& target) {
    auto& http = target.http;
    list.start_group("Connections");
    list.add_count("threads", target.threads, {0, 1024}, "I/O threads; 0 is one per core");
    list.add_count("backlog", target.backlog, {1, 65'535}, "connections that wait to be accepted");
    list.add_count("max-connections", http.max_connections, {1, 10'000'000}, "open connections; 503 beyond");
    list.add_count("max-connections-per-address", http.max_connections_per_address, {1, 10'000'000},
                   "open connections of one IPv4 address or IPv6 /64; 503 beyond");
    list.add_switch("limit-loopback", http.limit_loopback, "the bound above holds for this machine too");
    list.add_count("max-requests-per-connection", http.max_requests_per_connection, {1, UINT64_MAX},
                   "after this many the connection is closed");
    list.add_bytes("max-pipelined-bytes", http.max_pipelined_bytes, {kib, gib},
                   "input taken ahead while a request waits");
    list.add_bytes("event-send-buffer-bytes", http.event_send_buffer_bytes, {4 * kib, gib},
                   "kernel send buffer of an SSE connection");
    list.add_milliseconds("idle-timeout-ms", http.idle_timeout, {1, day_ms}, "between requests; closed beyond");
    list.add_milliseconds("write-timeout-ms", http.write_timeout, {1, day_ms},
                          "without progress in sending; reset beyond");
    list.add_bytes("min-write-bytes-per-second", http.min_write_bytes_per_second, {0, gib},
                   "rate of a response after the write timeout; reset below");
    list.add_milliseconds("linger-timeout-ms", http.linger_timeout, {0, day_ms},
                          "reading on after a refusal, so that the client gets to see it");
}

void add_subscriptions(Settings& list, ServeSettings& target) {
    auto& subscriptions = target.subscriptions;
    list.start_group("Subscriptions");
    list.add_switch("allow-local-webhooks", subscriptions.allow_local_webhooks,
                    "webhooks may go to this machine, also over http; for development");
    list.add_switch("rotate-webhook-key", subscriptions.rotate_signing_key,
                    "sign webhooks with a new key from this start on; the old one stays published for a week");
    list.add_text("webhook-ca-file", subscriptions.webhook_ca_file, "FILE",
                  "certificates in PEM that webhook receivers may have besides the system's authorities'");
    list.add_milliseconds("webhook-timeout-ms", subscriptions.webhook_timeout, {1, day_ms},
                          "that a webhook receiver has for its answer, less when its lease ends before");
    list.add_count("max-webhooks", subscriptions.max_webhooks, {1, 100'000}, "webhooks under way; more wait");
    list.add_count("max-webhooks-per-receiver", subscriptions.max_webhooks_per_receiver, {1, 100'000},
                   "the same of one host and port");
    list.add_bytes("max-webhook-reply-bytes", subscriptions.max_webhook_reply_bytes, {1, 16 * mib},
                   "answer of a webhook receiver; a longer one is a failure");
    list.add_count("max-subscriptions", subscriptions.max_subscriptions, {0, 10'000'000},
                   "subscriptions; 429 beyond, and 0 allows none");
    list.add_count("max-streams-per-subscription", subscriptions.max_streams_per_subscription, {1, 10'000'000},
                   "streams that a subscription is created with or given by name; 429 beyond");
}

void add_store(Settings& list, ServeSettings& target) {
    auto& store = target.store;
    list.start_group("Store");
    list.add_bytes("segment-bytes", store.segment_bytes, {mib, gib}, "size of a new segment of the log");
    list.add_bytes("max-queued-bytes", store.max_queued_bytes, {mib, UINT64_MAX},
                   "appends waiting for the disk; 503 beyond");
    list.add_bytes("max-commit-bytes", store.max_commit_bytes, {kib, gib},
                   "a commit takes no further append beyond this");
    list.add_count("max-producers-per-stream", store.max_producers_per_stream, {1, 10'000'000},
                   "producer ids of one stream");
    list.add_count("max-resident-streams", store.max_resident_streams, {1, 100'000'000},
                   "streams kept in memory beyond those in use");
    list.add_bytes("checkpoint-bytes", store.checkpoint_bytes, {kib, UINT64_MAX},
                   "log written between two index checkpoints");
    list.add_fraction("rewrite-dead-fraction", store.rewrite_dead_fraction,
                      "a segment with more deleted data than this is rewritten");
    list.add_bytes("rewrite-bytes-per-second", store.rewrite_bytes_per_second, {kib, UINT64_MAX},
                   "how fast segments are rewritten");
    list.add_text("retention-file", target.retention_file, "FILE",
                  "what is kept of which streams, and what must not be deleted; empty: everything is kept");
    list.add_milliseconds("retention-interval-ms", target.retention_interval, {100, day_ms},
                          "between two passes that truncate what the retention file does not keep");
}

/// It becomes part of a header and of other people's URLs.
void require_base_url(const std::string& url) {
    if (url.empty()) return;
    const auto host = url.starts_with("https://") ? 8U : url.starts_with("http://") ? 7U : 0U;
    const bool plain = std::all_of(url.begin(), url.end(), [](char byte) { return byte > ' ' && byte < 0x7F; });
    if (host != 0 && url.size() > host && plain && !url.ends_with('/') && url.find_first_of("?#\"<>\\") == url.npos)
        return;
    throw Failure(ExitCode::usage, fmt::format("\"{}\" is not a URL to put before the path of a stream", url),
                  "It has a scheme and a host, and no slash at the end: https://events.example");
}

void require_whole_tls(const ServeSettings& target) {
    if (target.tls_certificate.empty() == target.tls_key.empty() &&
        (target.tls_client_ca.empty() || !target.tls_key.empty())) {
        return;
    }
    throw Failure(ExitCode::usage, "TLS needs both a certificate and its key",
                  "Name them: --tls-certificate server.pem --tls-key server.key");
}

/// Memory and a directory exclude each other; the stronger source wins, within one they are a contradiction.
void resolve_memory(ServeSettings& target, const Settings& settings) {
    const auto& data = *settings.find("data");
    const auto& memory = *settings.find("memory");
    if (!target.memory || data.source == Source::standard) return;
    if (data.source == memory.source) {
        throw Failure(ExitCode::usage,
                      fmt::format("{} and {} contradict each other", memory.source_name, data.source_name),
                      "Keep one: --data DIR stores on disk, --memory stores nothing.");
    }
    if (data.source > memory.source) target.memory = false;
}

void require_sound_log(const ServeSettings& target) {
    require_sound_archive(target);
    if (target.archive.empty() && target.segments_in_database > 0) {
        throw Failure(ExitCode::usage, "segments leave the database for an archive only",
                      "Name its place: --archive /mnt/foldback-archive, or --archive s3://BUCKET/PREFIX");
    }
    if (target.partitions > 1 && target.log.empty()) {
        throw Failure(ExitCode::usage, "partitions are for a log that nodes share, and there is no log to share",
                      "Example: --log postgres://foldback@db.example/foldback --partitions 8");
    }
    if (target.log.empty()) {
        if (!target.archive.empty()) {
            throw Failure(ExitCode::usage, "archive is for a log that nodes share, and there is none",
                          "Without --log, `foldback backup` keeps segments elsewhere.");
        }
        if (!target.keeper) return;
        throw Failure(ExitCode::usage, "keeper is for nodes that share a log, and there is no log to share",
                      "Without --log a server does all that a keeper does.");
    }
    if (!target.log.starts_with("postgres://") && !target.log.starts_with("postgresql://")) {
        throw Failure(ExitCode::usage, "log must be the URL of a PostgreSQL database",
                      "Example: --log postgres://foldback@db.example/foldback");
    }
    if (target.memory) {
        throw Failure(ExitCode::usage, "memory and log contradict each other",
                      "With --log, --data names the directory of the copy.");
    }
}

}  // namespace

Settings settings_of(ServeSettings& target) {
    Settings list;
    add_main(list, target);
    add_bucket(list, target);
    add_access(list, target);
    add_protocol(list, target);
    add_request_limits(list, target);
    add_connection_limits(list, target);
    add_subscriptions(list, target);
    add_store(list, target);
    return list;
}

void load_settings(ServeSettings& target, Settings& settings, const ServeCommand& command,
                   const Environment& environment) {
    auto file = command.config.empty() ? environment("FOLDBACK_CONFIG").value_or("") : command.config;
    if (file.empty() && std::filesystem::exists(system_config_file)) file = system_config_file;
    if (!file.empty()) settings.apply(read_config(file));
    settings.apply(environment);
    for (const auto& [name, value] : command.flags) settings.apply_flag(name, value);

    resolve_memory(target, settings);
    require_sound_log(target);
    const auto listen = parse_listen(target.listen);
    target.http.addresses = {listen.address};
    target.http.port = listen.port;
    target.http.threads = static_cast<unsigned>(target.threads);
    target.http.backlog = static_cast<int>(target.backlog);
    target.http.max_body_bytes = target.max_body_bytes;
    target.api.max_body_bytes = target.max_body_bytes;
    const auto& prefix = target.api.stream_prefix;
    if (prefix.size() < 3 || !prefix.starts_with('/') || !prefix.ends_with('/')) {
        throw Failure(ExitCode::usage,
                      fmt::format("stream-prefix must begin and end with a slash, not \"{}\"", prefix));
    }
    require_base_url(target.api.public_url);
    if (target.cors_origin == "*") {
        if (!target.access_file.empty()) {
            throw Failure(ExitCode::usage,
                          "cors-origin * lets every page ask, which an access file is there to prevent",
                          "Name the origins of your pages: --cors-origin https://app.example");
        }
        target.api.cors_origin = "*";
    }
    target.api.requires_principal = !target.access_file.empty();
    require_whole_tls(target);
}

ListenAddress parse_listen(const std::string& text) {
    const auto refuse = [&text](std::string_view why) {
        throw Failure(ExitCode::usage, fmt::format("\"{}\" is not an address to listen on: {}", text, why),
                      "Examples: 127.0.0.1:4437, [::1]:4437, localhost:4437");
    };
    const auto colon = text.rfind(':');
    if (colon == std::string::npos) refuse("the port is missing");
    const auto port = parse_count(std::string_view(text).substr(colon + 1));
    if (!port || *port > 65'535) refuse("the port must be a number from 0 to 65535");
    auto host = text.substr(0, colon);
    if (host == "localhost") host = "127.0.0.1";
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);

    ListenAddress result{.address = host, .port = static_cast<std::uint16_t>(*port)};
    in_addr four{};
    in6_addr six{};
    if (!bracketed && inet_pton(AF_INET, host.c_str(), &four) == 1) {
        result.is_loopback = ntohl(four.s_addr) >> 24 == 127;
    } else if (bracketed && inet_pton(AF_INET6, host.c_str(), &six) == 1) {
        result.is_loopback = IN6_IS_ADDR_LOOPBACK(&six);
    } else {
        refuse("the host must be an IPv4 address, an IPv6 address in brackets, or localhost");
    }
    return result;
}

std::string ListenAddress::url(std::uint16_t bound_port, std::string_view scheme) const {
    const bool six = address.find(':') != std::string::npos;
    return fmt::format("{}://{}{}{}:{}", scheme, six ? "[" : "", address, six ? "]" : "", bound_port);
}

std::string missing_protection(const ListenAddress& address, const ServeSettings& settings) {
    if (address.is_loopback) return {};
    const bool has_access = !settings.access_file.empty();
    const bool has_tls = settings.tls_terminated_upstream || !settings.tls_certificate.empty();
    if (!has_access) return "asks nobody who they are: there is no access file";
    return has_tls ? "" : "would read credentials from the network in clear: there is no TLS";
}

std::optional<ListenAddress> admin_address(const ServeSettings& settings) {
    if (settings.admin_listen.empty()) return std::nullopt;
    auto listen = parse_listen(settings.admin_listen);
    if (listen.is_loopback || settings.insecure_no_auth_on_public) return listen;
    throw Failure(
        ExitCode::refused,
        fmt::format("refusing to serve metrics on {}: it can be reached from other machines", settings.admin_listen),
        "Listen on 127.0.0.1, or add --insecure-no-auth-on-public.");
}

void require_consent_to_public(const ListenAddress& address, const ServeSettings& settings) {
    if (!address.is_loopback && settings.debug && settings.access_file.empty()) {
        throw Failure(
            ExitCode::refused,
            fmt::format("refusing to serve the debugger on {}: it can be reached from other machines", settings.listen),
            "Listen on 127.0.0.1 and reach it from elsewhere through ssh -L, or name an --access-file.");
    }
    const auto missing = missing_protection(address, settings);
    if (missing.empty() || settings.insecure_no_auth_on_public) return;
    throw Failure(ExitCode::refused,
                  fmt::format("refusing to listen on {}: it can be reached from other machines, and this server {}",
                              settings.listen, missing),
                  "Listen on 127.0.0.1, or see docs/security.md: --access-file and TLS, or --tls-terminated-upstream "
                  "behind a proxy. --insecure-no-auth-on-public does without.");
}

std::vector<std::string> parse_list(const std::string& text) {
    std::vector<std::string> parts;
    for (std::size_t begin = 0; begin <= text.size();) {
        const auto end = std::min(text.find(',', begin), text.size());
        const auto first = text.find_first_not_of(' ', begin);
        if (first < end) parts.push_back(text.substr(first, text.find_last_not_of(' ', end - 1) + 1 - first));
        begin = end + 1;
    }
    return parts;
}

}  // namespace foldback::cli
