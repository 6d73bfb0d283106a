#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "cli/commands.hpp"
#include "cli/http_client.hpp"
#include "cli/url.hpp"

namespace foldback::cli {

/// Where the verbs send their requests: a server, or a data directory in this process that answers the same requests.
class Transport {
public:
    virtual ~Transport() = default;

    [[nodiscard]] const BaseUrl& base() const noexcept { return base_; }
    /// "http://localhost:4437/v1/stream" or the directory: what the user calls it.
    [[nodiscard]] virtual std::string name() const = 0;
    /// Whether the data can change while it is read, and can be changed.
    [[nodiscard]] virtual bool is_live() const = 0;

    /// See HttpClient.
    [[nodiscard]] virtual HttpResponse exchange(const HttpRequest& request, std::chrono::milliseconds timeout = {}) = 0;
    virtual HttpResponse stream(const HttpRequest& request, std::chrono::milliseconds timeout,
                                const std::function<bool(const HttpResponse& head, std::string_view bytes)>& take) = 0;

protected:
    explicit Transport(BaseUrl base) : base_(std::move(base)) {}

private:
    BaseUrl base_;
};

/// A server, at `--url` or STREAM_URL. Connects when first used.
[[nodiscard]] std::unique_ptr<Transport> connect_to_server(const CommonOptions& options);

/// A data directory, for reading. Throws Failure (not_found, locked, refused).
[[nodiscard]] std::unique_ptr<Transport> open_directory(const std::string& directory);

/// The directory when `--data` is given, else the server.
[[nodiscard]] std::unique_ptr<Transport> open_transport(const CommonOptions& options);

}  // namespace foldback::cli
