#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foldback::cli {

enum class HttpMethod : std::uint8_t { get, head, put, post, remove };

struct HttpRequest {
    HttpMethod method = HttpMethod::get;
    std::string target;
    std::vector<std::pair<std::string, std::string>> headers{};
    std::string body{};
    /// Doing it twice is as good as once: it may be sent again when the connection broke.
    bool repeatable = false;
};

struct HttpResponse {
    unsigned status = 0;
    std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
    std::string body;

    /// The first header of that name; null when absent.
    [[nodiscard]] const std::string* header(std::string_view name) const noexcept;
    /// Whether the header is there and says `true`.
    [[nodiscard]] bool says_true(std::string_view name) const noexcept;
};

struct HttpClientOptions {
    std::string host;
    std::string port;
    std::string authorization;  ///< header value; empty: none
    bool tls = false;
    std::string ca_file{};  ///< PEM: whom to trust over TLS; empty: the system's roots
    std::chrono::milliseconds connect_timeout{10'000};
    std::chrono::milliseconds response_timeout{30'000};  ///< without a byte from the server
    std::size_t max_header_bytes = 32 << 10;
    std::size_t max_body_bytes = 256 << 20;
};

/// The exchange did not come about. `sent`: the server may have read the whole request.
class HttpError : public std::runtime_error {
public:
    enum class Kind : std::uint8_t { connect, broken, timeout, malformed };

    HttpError(Kind kind, const std::string& what, bool sent) : std::runtime_error(what), kind_(kind), sent_(sent) {}

    [[nodiscard]] Kind kind() const noexcept { return kind_; }
    [[nodiscard]] bool sent() const noexcept { return sent_; }

private:
    Kind kind_;
    bool sent_;
};

/// A blocking HTTP/1.1 client over one connection that is kept alive. Not for several threads. Throws HttpError, and
/// Interrupted when a signal came.
class HttpClient {
public:
    explicit HttpClient(HttpClientOptions options);
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    /// One request, one response. `response_timeout` of zero means the option's.
    [[nodiscard]] HttpResponse exchange(const HttpRequest& request, std::chrono::milliseconds response_timeout = {});

    /// A response whose body is handed over as it arrives, until it ends or `take` returns false. The value has no
    /// body, unless the status is not 200: then it is read whole and `take` is never called.
    HttpResponse stream(const HttpRequest& request, std::chrono::milliseconds response_timeout,
                        const std::function<bool(const HttpResponse& head, std::string_view bytes)>& take);

private:
    class Connection;
    HttpClientOptions options_;
    std::unique_ptr<Connection> connection_;
};

}  // namespace foldback::cli
