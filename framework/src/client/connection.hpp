#pragma once

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
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

/// The server has answered with an error before it had all of the request, and the rest is of no use. `read_head` has its answer.
class RefusedEarly : public std::exception {
public:
    const char* what() const noexcept override { return "the server refused the request before it had read it"; }
};

/// One HTTP/1.1 connection; one request after another. Everything throws TransportError and must be called on the client's
/// thread. `close` makes what is waiting throw.
class Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(asio::io_context& context, const ClientOptions& options, Endpoint endpoint);
    ~Connection();

    Task<void> connect(asio::ssl::context& tls);
    /// Before a request is written that is larger than the system takes at once: from now on the head of its answer is awaited, and should
    /// it be an error's, `write` throws RefusedEarly. To HEAD no body follows.
    void listen(bool is_head);
    /// After the head of a request that asks for it (`Expect: 100-continue`), for which the connection listens: waits until the server wants
    /// the rest, or for so long, since some servers never say so. Throws as `write` does.
    Task<void> await_consent(std::chrono::milliseconds most);
    /// Sends these bytes; when it returns the system has them all.
    Task<void> write(std::string_view first, std::string_view second);
    /// The head of the answer to the request sent last; to HEAD no body follows.
    Task<ResponseHead> read_head(bool is_head);
    /// How many bytes the answer's body will have; 0 when its head does not say so.
    [[nodiscard]] std::uint64_t announced_bytes() const;
    /// Appends more of the answer's body to `body`; false at its end.
    Task<bool> read_more(std::string& body);

    void close() noexcept;

    /// Whether the last answer was read to its end and another request may be sent: the server keeps the connection and has
    /// said nothing meanwhile.
    [[nodiscard]] bool is_reusable();
    [[nodiscard]] const Endpoint& endpoint() const noexcept { return endpoint_; }
    /// When the server will have closed it, as far as is known.
    [[nodiscard]] TimePoint expires_at() const noexcept { return expires_at_; }

private:
    using error_code = boost::system::error_code;
    class Answer;
    class Listening;
    class Lookup;

    /// Finds the addresses. Ends when the connection is closed, also while the system is still looking.
    Task<void> look_up();
    Task<ResponseHead> receive_head(bool is_head);
    /// Whether what was listened for leaves nothing to be sent.
    [[nodiscard]] bool is_sending_useless() const noexcept;
    /// Waits for the end of listening.
    Task<void> hear_out();
    /// Throws the reason why not all was sent, as far as is known by then.
    Task<void> end_sending(error_code error);
    /// Reads some bytes, at most `most`, and appends them; how many, 0 at the end of the connection.
    Task<std::size_t> read_some(std::string& into, std::size_t most);
    Task<void> read_to(bool (*is_enough)(const Answer&));
    /// What waits from now on ends at `time`.
    void limit(TimePoint time);
    void watch();
    [[noreturn]] void fail(const error_code& error, const char* doing) const;
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
    bool is_request_cut_ = false;  ///< the server may wait for the rest of it
    TimePoint expires_at_ = TimePoint::max();
    std::unique_ptr<Answer> answer_;
    std::shared_ptr<Lookup> lookup_;
    std::shared_ptr<Listening> listening_;
    std::string buffer_;             ///< read and not yet parsed
    bool is_body_plain_ = false;     ///< the rest of the body is so many bytes, as they come
    std::uint64_t plain_bytes_ = 0;  ///< of which these are still to come
};

}  // namespace foldback::client::detail
