#pragma once

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "client/http.hpp"
#include "client/net.hpp"
#include "client/url.hpp"
#include "foldback/client/error.hpp"
#include "foldback/client/options.hpp"

namespace foldback::client::detail {

/// An exchange did not come about: `network`, `timed_out`, `malformed_response` or `response_too_large`.
class TransportError : public std::runtime_error {
public:
    TransportError(ErrorCode code, const std::string& what) : std::runtime_error(what), code_(code) {}

    [[nodiscard]] ErrorCode code() const noexcept { return code_; }

private:
    ErrorCode code_;
};

/// One HTTP/1.1 connection; one request after another. Everything throws TransportError and must be called on the client's
/// thread. `close` makes what is waiting throw.
class Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(asio::io_context& context, const ClientOptions& options, Endpoint endpoint);
    ~Connection();

    Task<void> connect(asio::ssl::context& tls);
    /// Sends these bytes; when it returns the system has them all.
    Task<void> write(std::string_view first, std::string_view second);
    /// The head of the answer to the request sent last; to HEAD no body follows.
    Task<ResponseHead> read_head(bool is_head);
    /// More of the answer's body; nothing at its end.
    Task<std::string> read_piece();

    void close() noexcept;

    /// Whether the last answer was read to its end and another request may be sent: the server keeps the connection and has
    /// said nothing meanwhile.
    [[nodiscard]] bool is_reusable();
    [[nodiscard]] const Endpoint& endpoint() const noexcept { return endpoint_; }
    /// When the server will have closed it, as far as is known.
    [[nodiscard]] TimePoint expires_at() const noexcept { return expires_at_; }

private:
    class Answer;

    Task<std::size_t> read_some();
    Task<void> read_to(bool (*is_enough)(const Answer&));
    /// What waits from now on ends at `time`.
    void limit(TimePoint time);
    void watch();
    [[noreturn]] void fail(const boost::system::error_code& error, const char* doing) const;
    void note_keep_alive(const ResponseHead& head);

    asio::io_context& context_;
    const ClientOptions& options_;
    Endpoint endpoint_;
    Socket socket_;
    std::optional<asio::ssl::stream<Socket&>> tls_;
    asio::ip::basic_resolver<asio::ip::tcp, Executor> resolver_;
    Timer timer_;
    TimePoint limit_ = TimePoint::max();
    bool is_watched_ = false;
    bool timed_out_ = false;
    bool closed_ = false;
    bool reusable_ = false;
    TimePoint expires_at_ = TimePoint::max();
    std::unique_ptr<Answer> answer_;
    std::string buffer_;  ///< read and not yet parsed
};

}  // namespace foldback::client::detail
