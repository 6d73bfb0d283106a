#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include "http/tls_session.hpp"

namespace foldback::server::http {

/// Whether more is sent at once after this.
enum class MoreFollows : bool { no, yes };

/// The bytes to and from one peer: its socket, which is not owned, or TLS over it. Never waits.
class Wire {
public:
    explicit Wire(int socket, std::unique_ptr<TlsSession> tls = nullptr) noexcept
        : socket_(socket), tls_(std::move(tls)) {}

    [[nodiscard]] TlsSession* tls() const noexcept { return tls_.get(); }

    /// The number of bytes received; 0 when there are none now; nothing when the peer is done or the connection broken.
    [[nodiscard]] std::optional<std::size_t> receive(char* into, std::size_t size) noexcept {
        return tls_ ? tls_->receive(into, size) : receive_plain(into, size);
    }

    /// The number of bytes sent, which may be fewer than all; 0 when there is no room now; nothing when it is broken.
    [[nodiscard]] std::optional<std::size_t> send(std::span<const iovec> parts, MoreFollows more) noexcept {
        return tls_ ? tls_->send(parts) : send_plain(parts, more);
    }

    /// Whether bytes are there to be received of which the socket says nothing.
    [[nodiscard]] bool has_pending() const noexcept { return tls_ && tls_->has_pending(); }

    /// Tells the peer that nothing follows, in TLS only; the socket's own way to say it is closing it.
    void say_goodbye() noexcept {
        if (tls_) tls_->say_goodbye();
    }

private:
    [[nodiscard]] static std::optional<std::size_t> outcome_of(ssize_t result) noexcept {
        if (result > 0) return static_cast<std::size_t>(result);
        if (result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return 0;
        return std::nullopt;
    }

    [[nodiscard]] std::optional<std::size_t> receive_plain(char* into, std::size_t size) const noexcept {
        ssize_t received = 0;
        do received = ::recv(socket_, into, size, MSG_DONTWAIT);
        while (received < 0 && errno == EINTR);
        return outcome_of(received);
    }

    [[nodiscard]] std::optional<std::size_t> send_plain(std::span<const iovec> parts, MoreFollows more) const noexcept {
        msghdr message{};
        message.msg_iov = const_cast<iovec*>(parts.data());
        message.msg_iovlen = parts.size();
        const auto flags = MSG_DONTWAIT | MSG_NOSIGNAL | (more == MoreFollows::yes ? MSG_MORE : 0);
        ssize_t sent = 0;
        do sent = ::sendmsg(socket_, &message, flags);
        while (sent < 0 && errno == EINTR);
        return outcome_of(sent);
    }

    int socket_;
    std::unique_ptr<TlsSession> tls_;
};

}  // namespace foldback::server::http
