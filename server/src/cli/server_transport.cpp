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

}  // namespace

std::unique_ptr<Transport> connect_to_server(const CommonOptions& options) {
    const auto url = first_of(options.url, "STREAM_URL");
    auto base = url.empty() ? BaseUrl{} : parse_base_url(url);
    const auto authorization = first_of(options.auth, "STREAM_AUTH");
    for (const char letter : authorization) {
        if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F) {
            throw Failure(ExitCode::usage, "the authorization contains a line break or another control character");
        }
    }
    const std::chrono::milliseconds timeout(options.timeout_ms);
    HttpClientOptions client{.host = base.host, .port = base.port, .authorization = authorization};
    client.connect_timeout = std::min(client.connect_timeout, timeout);
    client.response_timeout = timeout;
    return std::make_unique<ServerTransport>(std::move(base), std::move(client));
}

std::unique_ptr<Transport> open_transport(const CommonOptions& options) {
    return options.data.empty() ? connect_to_server(options) : open_directory(options.data);
}

}  // namespace foldback::cli
