#include <cstdlib>

#include "cli/failure.hpp"
#include "cli/settings.hpp"
#include "cli/transport.hpp"

namespace foldback::cli {
namespace {

class ServerTransport final : public Transport {
public:
    ServerTransport(BaseUrl base, HttpClientOptions options)
        : Transport(std::move(base)), client_(std::move(options)) {}

    [[nodiscard]] std::string name() const override { return base().text(); }
    [[nodiscard]] bool is_live() const override { return true; }

    [[nodiscard]] HttpResponse exchange(const HttpRequest& request, std::chrono::milliseconds timeout) override {
        return client_.exchange(request, timeout);
    }

    HttpResponse stream(const HttpRequest& request, std::chrono::milliseconds timeout,
                        const std::function<bool(const HttpResponse&, std::string_view)>& take) override {
        return client_.stream(request, timeout, take);
    }

private:
    HttpClient client_;
};

std::string first_of(const std::string& flag, const char* variable) {
    return flag.empty() ? process_environment()(variable).value_or("") : flag;
}

/// A token is for an Authorization header that says Bearer. What is given as a flag beats what is in the environment.
std::string authorization_of(const CommonOptions& options) {
    if (!options.auth.empty() && !options.token.empty())
        throw Failure(ExitCode::usage, "--auth and --token exclude each other", "--token T means --auth 'Bearer T'");
    if (!options.auth.empty()) return options.auth;
    if (!options.token.empty()) return "Bearer " + options.token;
    auto authorization = first_of({}, "STREAM_AUTH");
    if (!authorization.empty()) return authorization;
    const auto token = first_of({}, "FOLDBACK_TOKEN");
    return token.empty() ? "" : "Bearer " + token;
}

}  // namespace

std::unique_ptr<Transport> connect_to_server(const CommonOptions& options) {
    const auto url = first_of(options.url, "STREAM_URL");
    auto base = url.empty() ? BaseUrl{} : parse_base_url(url);
    const auto authorization = authorization_of(options);
    for (const char letter : authorization) {
        if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F) {
            throw Failure(ExitCode::usage, "the authorization contains a line break or another control character");
        }
    }
    const std::chrono::milliseconds timeout(options.timeout_ms);
    HttpClientOptions client{.host = base.host, .port = base.port, .authorization = authorization, .tls = base.tls};
    client.ca_file = first_of(options.ca_file, "FOLDBACK_CA_FILE");
    client.connect_timeout = std::min(client.connect_timeout, timeout);
    client.response_timeout = timeout;
    return std::make_unique<ServerTransport>(std::move(base), std::move(client));
}

std::unique_ptr<Transport> open_transport(const CommonOptions& options) {
    return options.data.empty() ? connect_to_server(options) : open_directory(options.data);
}

}  // namespace foldback::cli
