#include "cli/serve_settings.hpp"

#include <map>

#include <doctest/doctest.h>

#include "cli/failure.hpp"

using namespace foldback::cli;

namespace {

ServeSettings load(const ServeCommand& command, std::map<std::string, std::string> variables = {}) {
    ServeSettings values;
    auto settings = settings_of(values);
    variables.try_emplace("FOLDBACK_CONFIG", "/dev/null");  // not what this machine may have in /etc
    load_settings(values, settings, command, [&variables](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        if (found == variables.end()) return std::nullopt;
        return found->second;
    });
    return values;
}

ExitCode code_of_loading(const ServeCommand& command, std::map<std::string, std::string> variables = {}) {
    try {
        (void)load(command, std::move(variables));
    } catch (const Failure& failure) {
        return failure.code();
    }
    return ExitCode::ok;
}

}  // namespace

TEST_CASE("flags reach the options of the protocol, the sockets and the store") {
    const auto values = load({.flags = {{"listen", "[::1]:0"},
                                        {"max-body-bytes", "1MiB"},
                                        {"long-poll-timeout-ms", "5"},
                                        {"max-connections", "7"},
                                        {"threads", "3"},
                                        {"segment-bytes", "2MiB"},
                                        {"cors-origin", ""}}});

    CHECK(values.http.addresses == std::vector<std::string>{"::1"});
    CHECK(values.http.port == 0);
    CHECK(values.http.max_body_bytes == 1 << 20);
    CHECK(values.api.max_body_bytes == 1 << 20);
    CHECK(values.api.long_poll_timeout.count() == 5);
    CHECK(values.http.max_connections == 7);
    CHECK(values.http.threads == 3);
    CHECK(values.store.segment_bytes == 2 << 20);
    CHECK(values.api.cors_origin.empty());
}

TEST_CASE("memory and a directory contradict each other unless one is said more strongly") {
    CHECK(code_of_loading({.flags = {{"memory", "true"}, {"data", "d"}}}) == ExitCode::usage);
    CHECK(load({.flags = {{"memory", "true"}}}).memory);
    CHECK(load({.flags = {{"memory", "true"}}}, {{"FOLDBACK_DATA", "d"}}).memory);
    CHECK_FALSE(load({.flags = {{"data", "d"}}}, {{"FOLDBACK_MEMORY", "true"}}).memory);
}

TEST_CASE("what is for nodes that share a log needs one, and segments leave a database for an archive only") {
    const auto code_of = [](std::map<std::string, std::string> flags) {
        return code_of_loading({.flags = std::move(flags)});
    };
    const std::string url = "postgres://db.example/foldback";

    CHECK(code_of({{"log", url}, {"archive", "a"}, {"segments-in-database", "2"}, {"keeper", "true"}}) == ExitCode::ok);
    CHECK(code_of({{"log", "mysql://db.example"}}) == ExitCode::usage);
    CHECK(code_of({{"log", url}, {"memory", "true"}}) == ExitCode::usage);
    CHECK(code_of({{"keeper", "true"}}) == ExitCode::usage);
    CHECK(code_of({{"archive", "a"}}) == ExitCode::usage);
    CHECK(code_of({{"log", url}, {"segments-in-database", "2"}}) == ExitCode::usage);
    CHECK(code_of({{"log", url}, {"archive", "s3://b/a"}, {"archive-region", "eu-west-1"}}) == ExitCode::ok);
    CHECK(code_of({{"log", url}, {"archive", "a"}, {"archive-region", "eu-west-1"}}) == ExitCode::usage);
    CHECK(code_of({{"log", url}, {"archive", "gs://b/a"}}) == ExitCode::usage);
    CHECK(code_of({{"log", url}, {"partitions", "4"}, {"archive", "a"}}) == ExitCode::ok);
    CHECK(code_of({{"partitions", "4"}}) == ExitCode::usage);
    CHECK(code_of({{"log", url}, {"partitions", "4"}, {"keeper", "true"}, {"retention-file", "r"}}) == ExitCode::ok);
    CHECK(code_of({{"log", url}, {"partitions", "65"}}) == ExitCode::usage);
}

TEST_CASE("the configuration file may be named by a flag or a variable and must exist") {
    CHECK(code_of_loading({.config = "/nowhere/a.toml"}) == ExitCode::not_found);
    CHECK(code_of_loading({}, {{"FOLDBACK_CONFIG", "/nowhere/a.toml"}}) == ExitCode::not_found);
}

TEST_CASE("the stream prefix stands between slashes") {
    CHECK(code_of_loading({.flags = {{"stream-prefix", "/v1/stream"}}}) == ExitCode::usage);
    CHECK(code_of_loading({.flags = {{"stream-prefix", "/"}}}) == ExitCode::usage);
    CHECK(code_of_loading({.flags = {{"stream-prefix", "/s/"}}}) == ExitCode::ok);
}

TEST_CASE("an address to listen on is a literal with a port") {
    CHECK(parse_listen("127.0.0.1:4437").address == "127.0.0.1");
    CHECK(parse_listen("127.0.0.1:4437").port == 4437);
    CHECK(parse_listen("localhost:1").address == "127.0.0.1");
    CHECK(parse_listen("[::1]:0").address == "::1");
    CHECK(parse_listen("[::1]:9").url(4711) == "http://[::1]:4711");
    CHECK(parse_listen("127.0.0.1:0").url(4711) == "http://127.0.0.1:4711");
    for (const auto* bad : {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:4437",
                            "example.com:80", "[127.0.0.1]:80", "256.0.0.1:80", ":80", "[]:80"}) {
        CAPTURE(bad);
        CHECK_THROWS_AS((void)parse_listen(bad), Failure);
    }
}

TEST_CASE("only loopback is listened on without consent") {
    for (const auto* loopback : {"127.0.0.1:1", "127.8.9.10:1", "[::1]:1", "localhost:1"}) {
        CAPTURE(loopback);
        CHECK_NOTHROW(require_consent_to_public(parse_listen(loopback), {}));
    }
    for (const auto* open : {"0.0.0.0:1", "192.168.0.1:1", "[::]:1", "[2001:db8::1]:1", "[::ffff:192.168.0.1]:1"}) {
        CAPTURE(open);
        CHECK_THROWS_AS(require_consent_to_public(parse_listen(open), {}), Failure);
        CHECK_NOTHROW(require_consent_to_public(parse_listen(open), ServeSettings{.insecure_no_auth_on_public = true}));
        CHECK_THROWS_AS(require_consent_to_public(parse_listen(open),
                                                  ServeSettings{.insecure_no_auth_on_public = true, .debug = true}),
                        Failure);
    }
}

TEST_CASE("a public address is listened on only with authentication and TLS, or with consent") {
    struct Case {
        const char* listen;
        const char* access;
        const char* tls;  ///< "", "here", "upstream"
        bool starts;
    };
    for (const auto& [listen, access, tls, starts] : {
             Case{"127.0.0.1:1", "", "", true},
             Case{"127.0.0.1:1", "", "here", true},
             Case{"127.0.0.1:1", "", "upstream", true},
             Case{"127.0.0.1:1", "access.json", "", true},
             Case{"[::1]:1", "access.json", "here", true},
             Case{"[::1]:1", "access.json", "upstream", true},
             Case{"0.0.0.0:1", "", "", false},
             Case{"0.0.0.0:1", "", "here", false},
             Case{"[::]:1", "", "upstream", false},
             Case{"0.0.0.0:1", "access.json", "", false},
             Case{"[::]:1", "access.json", "here", true},
             Case{"0.0.0.0:1", "access.json", "upstream", true},
         }) {
        const auto& tried_listen = listen;  // clang 14 lets no lambda have a structured binding
        CAPTURE(tried_listen);
        const auto& tried_access = access;
        CAPTURE(tried_access);
        const auto& tried_tls = tls;
        CAPTURE(tried_tls);
        ServeSettings settings;
        settings.access_file = access;
        settings.tls_terminated_upstream = std::string_view(tls) == "upstream";
        if (std::string_view(tls) == "here") settings.tls_certificate = settings.tls_key = "file.pem";
        const auto address = parse_listen(listen);

        CHECK(missing_protection(address, settings).empty() == starts);
        if (starts) {
            CHECK_NOTHROW(require_consent_to_public(address, settings));
            settings.debug = true;
            CHECK_NOTHROW(require_consent_to_public(address, settings));
        } else {
            CHECK_THROWS_AS(require_consent_to_public(address, settings), Failure);
            settings.insecure_no_auth_on_public = true;
            CHECK_NOTHROW(require_consent_to_public(address, settings));
        }
    }
}

TEST_CASE("what protects a server is not contradicted and not half said") {
    CHECK(load({}).api.cors_origin.empty());
    CHECK_FALSE(load({}).api.requires_principal);
    CHECK(load({.flags = {{"cors-origin", "*"}}}).api.cors_origin == "*");
    CHECK(load({.flags = {{"cors-origin", "https://a, https://b"}}}).api.cors_origin.empty());
    CHECK(load({.flags = {{"access-file", "a.json"}}}).api.requires_principal);
    CHECK(code_of_loading({.flags = {{"cors-origin", "*"}, {"access-file", "a.json"}}}) == ExitCode::usage);
    CHECK(code_of_loading({.flags = {{"tls-certificate", "a.pem"}}}) == ExitCode::usage);
    CHECK(code_of_loading({.flags = {{"tls-key", "a.key"}}}) == ExitCode::usage);
    CHECK(code_of_loading({.flags = {{"tls-client-ca", "ca.pem"}}}) == ExitCode::usage);
}

TEST_CASE("a list is what stands between commas") {
    CHECK(parse_list("").empty());
    CHECK(parse_list(" , ,").empty());
    CHECK(parse_list("a") == std::vector<std::string>{"a"});
    CHECK(parse_list(" a, b c ,,d") == std::vector<std::string>{"a", "b c", "d"});
}

TEST_CASE("a public URL has a scheme and a host and no slash at its end") {
    CHECK(load({.flags = {{"public-url", "https://events.example"}}}).api.public_url == "https://events.example");
    CHECK(code_of_loading({.flags = {{"public-url", "http://[::1]:8080/api"}}}) == ExitCode::ok);
    for (const auto* url : {"events.example", "https://", "https://a/", "ftp://a", "https://a b", "https://a\r\nx: y",
                            "https://a?x", "https://a#x", "/v1"}) {
        CAPTURE(url);
        CHECK(code_of_loading({.flags = {{"public-url", url}}}) == ExitCode::usage);
    }
}
