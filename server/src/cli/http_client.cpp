#include "cli/http_client.hpp"

#include <array>
#include <optional>

#include <fmt/format.h>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include "cli/interrupt.hpp"
#include "foldback/version.hpp"
#include "http/reply_feed.hpp"

namespace foldback::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;

/// How often a waiting client looks whether it was interrupted.
constexpr milliseconds interrupt_interval{100};
constexpr std::size_t piece_bytes = 64 << 10;

using Socket = beast::basic_stream<tcp, asio::io_context::executor_type>;

http::verb verb_of(HttpMethod method) {
    switch (method) {
        case HttpMethod::get: return http::verb::get;
        case HttpMethod::head: return http::verb::head;
        case HttpMethod::put: return http::verb::put;
        case HttpMethod::post: return http::verb::post;
        case HttpMethod::remove: return http::verb::delete_;
    }
    return http::verb::get;
}

std::string lower_case(std::string_view text) {
    std::string result(text);
    for (char& letter : result) {
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    }
    return result;
}

template <class Message>
HttpResponse head_of(const Message& message) {
    HttpResponse response;
    response.status = message.result_int();
    for (const auto& field : message) {
        response.headers.emplace_back(lower_case({field.name_string().data(), field.name_string().size()}),
                                      std::string(field.value().data(), field.value().size()));
    }
    return response;
}

/// Whom to believe. Throws HttpError when the file of authorities cannot be read.
asio::ssl::context tls_of(const HttpClientOptions& options) {
    asio::ssl::context tls(asio::ssl::context::tls_client);
    tls.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                    asio::ssl::context::no_tlsv1_1);
    tls.set_verify_mode(asio::ssl::verify_peer);
    error_code error;
    if (!options.tls) return tls;
    if (options.ca_file.empty()) {
        tls.set_default_verify_paths(error);
    } else {
        tls.load_verify_file(options.ca_file, error);
    }
    if (error) {
        throw HttpError(HttpError::Kind::connect,
                        fmt::format("cannot read authorities from {}: {}",
                                    options.ca_file.empty() ? "the system's files" : options.ca_file, error.message()),
                        false);
    }
    return tls;
}

}  // namespace

const std::string* HttpResponse::header(std::string_view name) const noexcept {
    for (const auto& [key, value] : headers) {
        if (key == name) return &value;
    }
    return nullptr;
}

bool HttpResponse::says_true(std::string_view name) const noexcept {
    const auto* value = header(name);
    return value != nullptr && lower_case(*value) == "true";
}

/// One connection, of TLS or plain, and the bytes read ahead from it.
class HttpClient::Connection {
public:
    explicit Connection(const HttpClientOptions& options)
        : options_(options), tls_(tls_of(options)), stream_(Socket(context_), tls_) {
        connect();
        if (options_.tls) shake_hands();
    }

    void send(const HttpRequest& request) {
        http::request<http::span_body<const char>> message{verb_of(request.method), request.target, 11};
        const bool literal = options_.host.find(':') != std::string::npos;
        message.set(http::field::host,
                    fmt::format("{}{}{}:{}", literal ? "[" : "", options_.host, literal ? "]" : "", options_.port));
        message.set(http::field::user_agent, fmt::format("foldback/{}", version()));
        if (!options_.authorization.empty()) message.set(http::field::authorization, options_.authorization);
        for (const auto& [name, value] : request.headers) message.set(name, value);
        message.body() = {request.body.data(), request.body.size()};
        const bool may_have_body = request.method == HttpMethod::put || request.method == HttpMethod::post;
        if (may_have_body) message.content_length(request.body.size());
        http::request_serializer<http::span_body<const char>> serializer(message);
        socket().expires_after(options_.response_timeout);
        wait([&](auto& stream, auto done) { http::async_write(stream, serializer, std::move(done)); }, "send", false);
    }

    [[nodiscard]] HttpResponse read_whole(HttpMethod method, milliseconds timeout) {
        http::response_parser<http::string_body> parser;
        prepare(parser, method);
        read_head(parser, timeout);
        while (!parser.is_done()) read_more(parser, timeout);
        auto response = head_of(parser.get());
        response.body = std::move(parser.get().body());
        reusable_ = parser.keep_alive();
        return response;
    }

    HttpResponse read_pieces(milliseconds timeout,
                             const std::function<bool(const HttpResponse&, std::string_view)>& take) {
        http::response_parser<http::buffer_body> parser;
        prepare(parser, HttpMethod::get);
        parser.body_limit(boost::none);
        read_head(parser, timeout);
        auto head = head_of(parser.get());
        std::array<char, piece_bytes> piece{};
        while (!parser.is_done()) {
            parser.get().body().data = piece.data();
            parser.get().body().size = piece.size();
            parser.get().body().more = true;
            read_more(parser, timeout);
            const std::string_view bytes(piece.data(), piece.size() - parser.get().body().size);
            if (head.status == 200) {
                if (!bytes.empty() && !take(head, bytes)) return head;
            } else if (head.body.size() + bytes.size() <= options_.max_body_bytes) {
                head.body += bytes;
            }
        }
        reusable_ = parser.keep_alive();
        return head;
    }

    /// Whether another request may be sent: the server keeps the connection and has not said anything meanwhile.
    [[nodiscard]] bool is_reusable() {
        if (!std::exchange(reusable_, false) || buffer_.size() > 0) return false;
        error_code error;
        char byte = 0;
        socket().socket().non_blocking(true, error);
        socket().socket().receive(asio::buffer(&byte, 1), tcp::socket::message_peek, error);
        return error == asio::error::would_block;
    }

private:
    [[nodiscard]] Socket& socket() { return stream_.next_layer(); }

    void connect() {
        tcp::resolver resolver(context_);
        tcp::resolver::results_type addresses;
        std::optional<error_code> outcome;
        resolver.async_resolve(options_.host, options_.port, [&](error_code error, tcp::resolver::results_type found) {
            addresses = std::move(found);
            outcome = error;
        });
        run_until(outcome, options_.connect_timeout, [&] { resolver.cancel(); });
        check(*outcome, "find", false);
        socket().expires_after(options_.connect_timeout);
        outcome.reset();
        socket().async_connect(addresses, [&](error_code error, const tcp::endpoint&) { outcome = error; });
        run_until(outcome, milliseconds::max(), [&] { socket().close(); });
        check(*outcome, "connect to", false);
        error_code ignored;
        socket().socket().set_option(tcp::no_delay(true), ignored);
    }

    void shake_hands() {
        // Addresses are no server names (RFC 6066 §3).
        error_code no_address;
        asio::ip::make_address(options_.host, no_address);
        if (no_address) SSL_set_tlsext_host_name(stream_.native_handle(), options_.host.c_str());
        stream_.set_verify_callback(asio::ssl::host_name_verification(options_.host));
        std::optional<error_code> outcome;
        stream_.async_handshake(asio::ssl::stream_base::client, [&](error_code error) { outcome = error; });
        run_until(outcome, milliseconds::max(), [this] { socket().close(); });
        check(*outcome, "speak TLS with", false);
    }

    template <class Parser>
    void prepare(Parser& parser, HttpMethod method) {
        parser.header_limit(static_cast<std::uint32_t>(options_.max_header_bytes));
        parser.body_limit(options_.max_body_bytes);
        if (method == HttpMethod::head) parser.skip(true);
    }

    template <class Parser>
    void read_head(Parser& parser, milliseconds timeout) {
        feed_ = {};
        while (!parser.is_header_done()) read_more(parser, timeout);
        parser.eager(true);
    }

    /// Brings the parser on: by what was read ahead, or by more.
    template <class Parser>
    void read_more(Parser& parser, milliseconds timeout) {
        error_code error;
        if (feed_.feed(parser, buffer_, error)) return;
        // The caller's piece is full: not an error.
        if (error == http::error::need_buffer) return;
        check(error, "read from", true);
        socket().expires_after(timeout);
        const auto space = buffer_.prepare(piece_bytes);
        std::size_t count = 0;
        const auto read = [&](auto& stream, auto done) {
            stream.async_read_some(space, [&count, done](error_code outcome, std::size_t bytes) mutable {
                count = bytes;
                done(outcome, bytes);
            });
        };
        error = outcome_of(read);
        buffer_.commit(count);
        check(error == asio::error::eof ? server::http::ReplyFeed::end(parser) : error, "read from", true);
    }

    template <class Start>
    void wait(Start start, const char* doing, bool sent) {
        check(outcome_of(start), doing, sent);
    }

    /// Starts an operation on the connection and waits for its outcome.
    template <class Start>
    error_code outcome_of(Start start) {
        std::optional<error_code> outcome;
        const auto done = [&outcome](error_code error, std::size_t /*bytes*/) { outcome = error; };
        if (options_.tls) {
            start(stream_, done);
        } else {
            start(socket(), done);
        }
        run_until(outcome, milliseconds::max(), [this] { socket().close(); });
        return *outcome;
    }

    /// Runs the operation to its end; after `limit`, or when a signal came, calls `cancel` and waits for that.
    template <class Cancel>
    void run_until(std::optional<error_code>& outcome, milliseconds limit, Cancel cancel) {
        const auto started = std::chrono::steady_clock::now();
        bool timed_out = false;
        bool cancelled = false;
        while (!outcome) {
            context_.restart();
            context_.run_one_for(interrupt_interval);
            if (cancelled || outcome) continue;
            timed_out = limit != milliseconds::max() && std::chrono::steady_clock::now() - started > limit;
            cancelled = timed_out || was_interrupted();
            if (cancelled) cancel();
        }
        if (timed_out) outcome = beast::error::timeout;
        if (cancelled) throw_if_interrupted();
    }

    void check(error_code error, const char* doing, bool sent) const {
        if (!error) return;
        const auto where = fmt::format("cannot {} {}:{}", doing, options_.host, options_.port);
        const bool malformed = error.category() == http::make_error_code(http::error::bad_version).category() &&
                               error != http::error::end_of_stream && error != http::error::partial_message;
        if (malformed)
            throw HttpError(HttpError::Kind::malformed, where + ": not an HTTP response: " + error.message(), sent);
        if (error == beast::error::timeout)
            throw HttpError(HttpError::Kind::timeout, where + ": no answer in time", sent);
        const bool never_connected = std::string_view(doing) == "find" || std::string_view(doing) == "connect to" ||
                                     std::string_view(doing) == "speak TLS with";
        const auto why = error == http::error::end_of_stream || error == http::error::partial_message
                             ? std::string("the server closed the connection")
                             : error.message();
        throw HttpError(never_connected ? HttpError::Kind::connect : HttpError::Kind::broken, where + ": " + why, sent);
    }

    const HttpClientOptions& options_;
    asio::io_context context_{1};
    asio::ssl::context tls_;
    beast::ssl_stream<Socket> stream_;  ///< a plain connection uses what is below the TLS
    beast::flat_buffer buffer_;
    server::http::ReplyFeed feed_;
    bool reusable_ = false;
};

HttpClient::HttpClient(HttpClientOptions options) : options_(std::move(options)) {}

HttpClient::~HttpClient() = default;

HttpResponse HttpClient::exchange(const HttpRequest& request, milliseconds response_timeout) {
    const auto timeout = response_timeout.count() == 0 ? options_.response_timeout : response_timeout;
    const bool reused = connection_ && connection_->is_reusable();
    if (!reused) {
        connection_.reset();
        connection_ = std::make_unique<Connection>(options_);
    }
    try {
        connection_->send(request);
        return connection_->read_whole(request.method, timeout);
    } catch (const HttpError& error) {
        connection_.reset();
        // The server may close an idle connection at the very moment it is used again.
        if (!reused || !request.repeatable || error.kind() != HttpError::Kind::broken) throw;
    } catch (...) {
        connection_.reset();
        throw;
    }
    return exchange(request, response_timeout);
}

HttpResponse HttpClient::stream(const HttpRequest& request, milliseconds response_timeout,
                                const std::function<bool(const HttpResponse& head, std::string_view bytes)>& take) {
    connection_ = std::make_unique<Connection>(options_);
    try {
        connection_->send(request);
        auto response = connection_->read_pieces(response_timeout, take);
        if (!connection_->is_reusable()) connection_.reset();
        return response;
    } catch (...) {
        connection_.reset();
        throw;
    }
}

}  // namespace foldback::cli
