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

#include <nlohmann/json.hpp>

#include "http/reply_feed.hpp"

namespace foldback::server::delivery {

namespace {

using namespace http;
using subscriptions::Outcome;
using Error = boost::system::error_code;

constexpr UseAwaitable use{};
constexpr std::uint32_t max_reply_header_bytes = 16 << 10;
constexpr std::size_t piece_bytes = 4 << 10;

Outcome failed(std::string_view what, const Error& error) {
    return {.kind = Outcome::Kind::failed, .reason = std::string(what) + ": " + error.message()};
}

/// Whether the receiver says that it is done. Anything else it says in its body is its own business.
bool says_done(const std::string& body) {
    const auto document = nlohmann::json::parse(body, nullptr, false);
    if (!document.is_object()) return false;
    const auto done = document.find("done");
    return done != document.end() && done->is_boolean() && done->get<bool>();
}

using Reply = boost::beast::http::response_parser<boost::beast::http::string_body>;

template <class Stream>
Task<Error> read_reply(Stream& stream, Reply& reply, std::size_t most_unread) {
    boost::beast::flat_buffer unread(most_unread);
    ReplyFeed feed;
    Error error;
    while (!reply.is_done()) {
        if (feed.feed(reply, unread, error)) continue;
        if (error) co_return error;
        const auto size = std::min(piece_bytes, most_unread - unread.size());
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
Task<Outcome> ask(Stream& stream, const Exchange& exchange) {
    Error error;
    const std::array request{asio::buffer(exchange.head), asio::buffer(exchange.body)};
    co_await asio::async_write(stream, request, asio::redirect_error(use, error));
    if (error) co_return failed("the receiver did not take the request", error);

    Reply reply;
    reply.eager(true);
    reply.header_limit(max_reply_header_bytes);
    reply.body_limit(exchange.max_reply_bytes);
    error = co_await read_reply(stream, reply, max_reply_header_bytes + exchange.max_reply_bytes);
    if (error) co_return failed("the receiver gave no answer that can be read", error);

    const auto status = reply.get().result_int();
    if (status / 100 != 2) {
        co_return Outcome{.kind = Outcome::Kind::failed,
                          .reason = "the receiver answered with status " + std::to_string(status)};
    }
    co_return Outcome{.kind = says_done(reply.get().body()) ? Outcome::Kind::done : Outcome::Kind::accepted};
}

Task<Outcome> ask_over_tls(Socket& socket, asio::ssl::context& tls, const Exchange& exchange) {
    asio::ssl::stream<Socket&> stream(socket, tls);
    const auto& host = exchange.url.host;
    Error error;
    // Addresses are no server names (RFC 6066 §3).
    asio::ip::make_address(host, error);
    if (error && SSL_set_tlsext_host_name(stream.native_handle(), host.c_str()) != 1) {
        co_return Outcome{.reason = "the receiver's name cannot be asked for"};
    }
    stream.set_verify_mode(asio::ssl::verify_peer);
    stream.set_verify_callback(asio::ssl::host_name_verification(host));
    co_await stream.async_handshake(asio::ssl::stream_base::client, asio::redirect_error(use, error));
    if (error) co_return failed("no TLS with the receiver", error);
    co_return co_await ask(stream, exchange);
}

}  // namespace

std::string request_head(const subscriptions::WebhookUrl& url, std::string_view signature, std::size_t body_bytes) {
    std::string head("POST ");
    head.append(url.target).append(" HTTP/1.1\r\nhost: ").append(url.authority);
    head.append("\r\nuser-agent: foldback\r\naccept: application/json\r\nconnection: close");
    head.append("\r\ncontent-type: application/json\r\ncontent-length: ").append(std::to_string(body_bytes));
    head.append("\r\nwebhook-signature: ").append(signature).append("\r\n\r\n");
    return head;
}

Task<Outcome> run_exchange(Socket& socket, asio::ssl::context& tls, const Exchange& exchange,
                           const std::vector<asio::ip::tcp::endpoint>& endpoints) {
    Error error = asio::error::host_not_found;
    co_await asio::async_connect(socket, endpoints, asio::redirect_error(use, error));
    if (error) co_return failed("the receiver cannot be reached", error);
    if (exchange.url.tls) co_return co_await ask_over_tls(socket, tls, exchange);
    co_return co_await ask(socket, exchange);
}

}  // namespace foldback::server::delivery
