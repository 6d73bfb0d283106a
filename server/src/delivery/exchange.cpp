#include "delivery/exchange.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>
#include <array>

#include "http/reply_feed.hpp"

namespace foldback::server::delivery {

namespace {

using namespace http;
using Error = boost::system::error_code;

constexpr UseAwaitable use{};
constexpr std::uint32_t max_reply_header_bytes = 16 << 10;
constexpr std::size_t piece_bytes = 4 << 10;
constexpr int max_interim_replies = 16;

Answered failed(std::string_view what, const Error& error) {
    return {.failure = std::string(what) + ": " + error.message()};
}

using Reply = boost::beast::http::response_parser<boost::beast::http::string_body>;

/// Whether the answer is still to come (RFC 9110 §15.2).
bool is_interim(unsigned status) { return status / 100 == 1 && status != 101; }

template <class Stream>
Task<Error> read_reply(Stream& stream, Reply& reply, boost::beast::flat_buffer& unread) {
    ReplyFeed feed;
    Error error;
    while (!reply.is_done()) {
        if (feed.feed(reply, unread, error)) continue;
        if (error) co_return error;
        const auto size = std::min(piece_bytes, unread.max_size() - unread.size());
        if (size == 0) co_return boost::beast::http::error::buffer_overflow;
        const auto space = unread.prepare(size);
        const auto count = co_await stream.async_read_some(space, asio::redirect_error(use, error));
        unread.commit(count);
        if (error == asio::error::eof) co_return ReplyFeed::end(reply);
        if (error) co_return error;
    }
    co_return Error();
}

template <class Stream>
Task<Answered> ask(Stream& stream, const Exchange& exchange) {
    Error error;
    const std::array request{asio::buffer(exchange.head), asio::buffer(exchange.body)};
    co_await asio::async_write(stream, request, asio::redirect_error(use, error));
    if (error) co_return failed("the receiver did not take the request", error);

    boost::beast::flat_buffer unread(max_reply_header_bytes + exchange.max_reply_bytes);
    for (int interim = 0; interim <= max_interim_replies; ++interim) {
        Reply reply;
        reply.eager(true);
        reply.header_limit(max_reply_header_bytes);
        reply.body_limit(exchange.max_reply_bytes);
        error = co_await read_reply(stream, reply, unread);
        if (error) co_return failed("the receiver gave no answer that can be read", error);
        if (!is_interim(reply.get().result_int())) {
            co_return Answered{.status = reply.get().result_int(), .body = std::move(reply.get().body())};
        }
    }
    co_return Answered{.failure = "the receiver says much and gives no answer"};
}

Task<Answered> ask_over_tls(Socket& socket, asio::ssl::context& tls, const Exchange& exchange) {
    asio::ssl::stream<Socket&> stream(socket, tls);
    const auto& host = exchange.url.host;
    Error error;
    // Addresses are no server names (RFC 6066 §3).
    asio::ip::make_address(host, error);
    if (error && SSL_set_tlsext_host_name(stream.native_handle(), host.c_str()) != 1) {
        co_return Answered{.failure = "the receiver's name cannot be asked for"};
    }
    stream.set_verify_mode(asio::ssl::verify_peer);
    stream.set_verify_callback(asio::ssl::host_name_verification(host));
    co_await stream.async_handshake(asio::ssl::stream_base::client, asio::redirect_error(use, error));
    if (error) co_return failed("no TLS with the receiver", error);
    co_return co_await ask(stream, exchange);
}

}  // namespace

std::string trust(asio::ssl::context& tls, const std::string& ca_file) {
    SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION);
    tls.set_default_verify_paths();
    if (ca_file.empty()) return {};
    Error error;
    tls.load_verify_file(ca_file, error);
    return error ? "no certificates in " + ca_file + ": " + error.message() : std::string();
}

Task<Answered> run_exchange(Socket& socket, asio::ssl::context& tls, const Exchange& exchange,
                            const std::vector<asio::ip::tcp::endpoint>& endpoints) {
    Error error = asio::error::host_not_found;
    co_await asio::async_connect(socket, endpoints, asio::redirect_error(use, error));
    if (error) co_return failed("cannot be reached", error);
    if (exchange.url.tls) co_return co_await ask_over_tls(socket, tls, exchange);
    co_return co_await ask(socket, exchange);
}

}  // namespace foldback::server::delivery
