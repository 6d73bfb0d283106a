#include "server/http/raw_client.hpp"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace {

namespace http = boost::beast::http;

constexpr timeval patience{.tv_sec = 60, .tv_usec = 0};

void check(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::system_category(), what);
}

std::string lower(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c | 0x20) : c; });
    return result;
}

}  // namespace

std::string ReceivedResponse::header(std::string_view name) const {
    const auto found =
        std::ranges::find(headers, name, [](const auto& header) { return std::string_view(header.first); });
    return found == headers.end() ? "(none)" : found->second;
}

RawClient::RawClient(std::uint16_t port) : RawClient(port, 0) {}

RawClient::RawClient(std::uint16_t port, int receive_buffer_bytes) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(socket_, "socket");
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (receive_buffer_bytes != 0) {
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) {
        const auto error = errno;
        ::close(socket_);
        throw std::system_error(error, std::system_category(), "connect");
    }
}

RawClient::RawClient(RawClient&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), unread_(std::move(other.unread_)) {}

RawClient::~RawClient() { disconnect(); }

bool RawClient::try_send(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

void RawClient::send(std::string_view bytes) { check(try_send(bytes) ? 0 : -1, "send"); }

/// Waits for more bytes; false when there will be none.
bool RawClient::fill() {
    char buffer[64 << 10];
    ssize_t received = 0;
    do received = ::recv(socket_, buffer, sizeof buffer, 0);
    while (received < 0 && errno == EINTR);  // the program was stopped and goes on
    if (received < 0 && errno == ECONNRESET) return false;
    check(static_cast<int>(std::min<ssize_t>(received, 0)), "waited in vain for the server");
    unread_.append(buffer, static_cast<std::size_t>(received));
    return received > 0;
}

ReceivedResponse RawClient::receive(bool to_head) {
    http::response_parser<http::string_body> parser;
    parser.eager(true);
    parser.skip(to_head);
    parser.body_limit(boost::none);
    while (!parser.is_done()) {
        boost::system::error_code error;
        const auto used = unread_.empty() ? 0 : parser.put(boost::asio::buffer(unread_), error);
        unread_.erase(0, used);
        if (error && error != http::error::need_more) throw std::runtime_error("bad response: " + error.message());
        if (parser.is_done()) break;
        if (!fill()) {
            if (parser.got_some()) parser.put_eof(error);
            if (error || !parser.is_done()) throw std::runtime_error("the server closed before a response was whole");
        }
    }
    ReceivedResponse response{.status = parser.get().result_int(),
                              .http_1_0 = parser.get().version() == 10,
                              .keep_alive = parser.keep_alive(),
                              .chunked = parser.chunked(),
                              .headers = {},
                              .body = parser.get().body()};
    for (const auto& field : parser.get()) {
        response.headers.emplace_back(lower({field.name_string().data(), field.name_string().size()}),
                                      std::string(field.value().data(), field.value().size()));
    }
    return response;
}

ReceivedResponse RawClient::get(std::string_view target) {
    send("GET " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n\r\n");
    return receive();
}

std::string RawClient::receive_bytes(std::size_t count) {
    while (unread_.size() < count) {
        if (!fill()) throw std::runtime_error("the server closed after: " + unread_.substr(0, 200));
    }
    auto bytes = unread_.substr(0, count);
    unread_.erase(0, count);
    return bytes;
}

std::string RawClient::receive_until(std::string_view end) {
    while (unread_.find(end) == std::string::npos) {
        if (!fill()) throw std::runtime_error("the server closed after: " + unread_.substr(0, 200));
    }
    return receive_bytes(unread_.find(end) + end.size());
}

std::string RawClient::receive_all() {
    while (fill()) {
    }
    return std::exchange(unread_, {});
}

bool RawClient::is_closed() { return unread_.empty() && !fill(); }

void RawClient::finish_sending() { ::shutdown(socket_, SHUT_WR); }

void RawClient::disconnect() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
}

void RawClient::reset() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    disconnect();
}
