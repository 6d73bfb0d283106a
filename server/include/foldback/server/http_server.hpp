#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "foldback/server/tls.hpp"

/// HTTP/1.0 and 1.1 over TCP or TLS: sockets, framing, limits and shutdown. What the requests mean is the handler's business.
namespace foldback::server {

class Api;
class RequestHandler;

/// Every bound of the network layer. Reaching one has a fixed answer, named at each.
struct HttpServerOptions {
    // Where to listen. Every address is bound to the same port; 0 lets the system choose one.
    std::vector<std::string> addresses{"127.0.0.1"};
    std::uint16_t port = 4437;
    /// I/O threads; 0: one per core.
    unsigned threads = 0;
    int backlog = 4096;
    /// TLS on every address; null: plain.
    std::shared_ptr<const Tls> tls{};

    // Sizes of one request.

    /// 414 beyond.
    std::size_t max_request_line_bytes = 8 << 10;
    /// All header lines together; 431 beyond.
    std::size_t max_header_bytes = 16 << 10;
    /// 431 beyond.
    std::size_t max_header_fields = 100;
    /// 413 beyond, before `100 Continue` and before reading.
    std::uint64_t max_body_bytes = 8 << 20;
    /// Chunk framing beyond the data it carries; 400 beyond.
    std::size_t max_chunk_overhead_bytes = 64 << 10;
    /// Bodies of all connections that are not answered yet; 503 beyond.
    std::uint64_t max_bodies_in_flight_bytes = 1 << 30;

    // Connections.

    /// 503 and close beyond.
    std::size_t max_connections = 10'000;
    /// Of one IPv4 address or IPv6 /64; 503 and close beyond.
    std::size_t max_connections_per_address = 256;
    /// Whether the bound per address holds for 127.0.0.0/8 and ::1 too: what runs on this machine is usually a proxy,
    /// or a benchmark.
    bool limit_loopback = false;
    /// The last response says `connection: close`.
    std::uint64_t max_requests_per_connection = UINT64_MAX;
    /// Input taken ahead while a request waits; the rest stays in the kernel.
    std::size_t max_pipelined_bytes = 16 << 10;
    /// Kernel send buffer of an event stream (Linux doubles it). No more than that and one `EventStream::Step` is held
    /// for a slow reader.
    std::size_t event_send_buffer_bytes = 512 << 10;

    // Time in each state, all on a monotonic clock.

    /// For the TLS handshake; reset beyond.
    std::chrono::milliseconds handshake_timeout{10'000};
    /// From a request's first byte to its last header; 408 beyond.
    std::chrono::milliseconds header_timeout{10'000};
    /// Between requests; closed without a word beyond.
    std::chrono::milliseconds idle_timeout{60'000};
    /// After this a body must have come at the rate below, on the whole; 408 beyond.
    std::chrono::milliseconds body_grace{10'000};
    std::uint64_t min_body_bytes_per_second = 1 << 10;
    /// Without progress in sending; the connection is reset beyond.
    std::chrono::milliseconds write_timeout{30'000};
    /// After `write_timeout`, over the whole response; reset below.
    std::uint64_t min_write_bytes_per_second = 1 << 10;
    /// For reading on after a refusal, so that the client gets to see it.
    std::chrono::milliseconds linger_timeout{2'000};

    /// Told, on an I/O thread, what an operator should know (no file descriptors left, …): once in 5 s at most for
    /// each thread.
    std::function<void(std::string_view)> on_error{};
};

/// Serves one handler on a few threads of its own. A connection lives on one thread; its requests are handled in order,
/// on that thread.
class HttpServer {
public:
    /// A borrowed `api` or `handler` must outlive the server. Nothing happens before `start`.
    HttpServer(Api& api, HttpServerOptions options);
    HttpServer(RequestHandler& handler, HttpServerOptions options);
    HttpServer(std::unique_ptr<RequestHandler> handler, HttpServerOptions options);
    /// Stops at once, when `stop` was not called.
    ~HttpServer();

    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    /// Binds and serves. Throws std::system_error, with the address in its message, when an address cannot be bound;
    /// nothing is served then.
    void start();

    /// Stops accepting, ends long-polls (their 204) and event streams, lets live requests finish, closes. What is not
    /// finished by the deadline is cut. Returns whether everything finished. No thread of the server is left after
    /// it. May be called from any thread but the server's own; a second call does nothing and returns true.
    bool stop(std::chrono::milliseconds deadline);

    /// The bound port, after `start`.
    [[nodiscard]] std::uint16_t port() const noexcept;

    /// Connections open now. Any thread.
    [[nodiscard]] std::size_t connections() const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace foldback::server
