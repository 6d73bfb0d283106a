#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>

/// Plain sockets on loopback, for programs that put load on a server and must cost little themselves.
namespace bench {

/// Throws what errno says when a call has failed.
inline void require(bool holds, const char* what) {
    if (!holds) throw std::runtime_error(std::string(what) + " failed: " + std::strerror(errno));
}

[[nodiscard]] inline sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

[[nodiscard]] inline int connect_to(std::uint16_t port) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(socket >= 0, "socket");
    const auto address = loopback(port);
    require(::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "connect");
    const int yes = 1;
    require(::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) == 0, "setsockopt");
    return socket;
}

inline void send_all(int socket, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto count = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        require(count > 0, "send");
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
}

}  // namespace bench
