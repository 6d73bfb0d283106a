#include "http/listener.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/address.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace foldback::server::http {
namespace {

constexpr int accepted_at_once = 16;  // those that are served already come in between
constexpr std::chrono::milliseconds pause_time{100};
constexpr int unsent_bytes = 256 << 10;

constexpr std::string_view full_answer =
    "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nretry-after: 1\r\nconnection: close\r\n\r\n";

PeerKey peer_of(const sockaddr_storage& address) noexcept {
    if (address.ss_family == AF_INET6) {
        sockaddr_in6 v6;
        std::memcpy(&v6, &address, sizeof v6);
        std::array<std::uint8_t, 16> bytes;
        std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
        return peer_of_v6(bytes);
    }
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof v4);
    std::array<std::uint8_t, 4> bytes;
    std::memcpy(bytes.data(), &v4.sin_addr, bytes.size());
    return peer_of_v4(bytes);
}

void check(boost::system::error_code error, const std::string& address, std::uint16_t port) {
    if (!error) return;
    throw std::system_error(error.value(), std::system_category(),
                            "cannot listen on " + address + " port " + std::to_string(port));
}

}  // namespace

Listener::Listener(Shard& home, std::vector<Shard*> shards, Admission& admission, int backlog,
                   const std::string& address, std::uint16_t port)
    : home_(home),
      shards_(std::move(shards)),
      admission_(admission),
      acceptor_(home.context().get_executor()),
      pause_timer_(home.context().get_executor()) {
    boost::system::error_code error;
    const auto parsed = asio::ip::make_address(address, error);
    check(error, address, port);
    const asio::ip::tcp::endpoint endpoint(parsed, port);
    acceptor_.open(endpoint.protocol(), error);
    check(error, address, port);
    const auto set = [&](int level, int name, int value) {
        ::setsockopt(acceptor_.native_handle(), level, name, &value, sizeof value);
    };
    set(SOL_SOCKET, SO_REUSEADDR, 1);
    if (parsed.is_v6()) set(IPPROTO_IPV6, IPV6_V6ONLY, 1);
    // Accepted sockets inherit these. The bound on unsent data keeps what a slow reader holds of our memory small.
    set(IPPROTO_TCP, TCP_NODELAY, 1);
    set(IPPROTO_TCP, TCP_NOTSENT_LOWAT, unsent_bytes);
    acceptor_.bind(endpoint, error);
    check(error, address, port);
    acceptor_.listen(backlog, error);
    check(error, address, port);
    acceptor_.native_non_blocking(true);
    port_ = acceptor_.local_endpoint().port();
}

void Listener::start() { await_connection(); }

void Listener::close() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    pause_timer_.cancel();
}

void Listener::await_connection() {
    acceptor_.async_wait(Acceptor::wait_read, [this](boost::system::error_code error) {
        if (!error && acceptor_.is_open()) accept_waiting();
    });
}

void Listener::accept_waiting() {
    for (int i = 0; i < accepted_at_once; ++i) {
        sockaddr_storage address{};
        socklen_t size = sizeof address;
        const int descriptor = ::accept4(acceptor_.native_handle(), reinterpret_cast<sockaddr*>(&address), &size,
                                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor >= 0) {
            admit(descriptor, peer_of(address));
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            break;
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            return pause(errno);
        }  // anything else concerns the one connection that failed
    }
    await_connection();
}

/// The waiting connections stay in the backlog: asking again at once would spin.
void Listener::pause(int error) {
    home_.report("accepting connections is paused: " + std::system_category().message(error));
    pause_timer_.expires_after(pause_time);
    pause_timer_.async_wait([this](boost::system::error_code cancelled) {
        if (!cancelled && acceptor_.is_open()) accept_waiting();
    });
}

void Listener::admit(int descriptor, const PeerKey& peer) {
    auto seat = admission_.enter(peer);
    if (!seat) {
        if (!home_.common().options.tls) {
            [[maybe_unused]] const auto sent =
                ::send(descriptor, full_answer.data(), full_answer.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        }
        ::close(descriptor);
        return;
    }
    AcceptedSocket socket(descriptor, std::move(*seat));
    shards_[next_shard_]->adopt(std::move(socket));
    next_shard_ = (next_shard_ + 1) % shards_.size();
}

}  // namespace foldback::server::http
