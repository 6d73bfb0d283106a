#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace foldback::server {

/// A receiver of webhooks that a test plays: `serve` is called for each connection, on a thread of its own, with its
/// descriptor, which is closed afterwards.
class Receiver {
public:
    using Serve = std::function<void(int descriptor)>;

    explicit Receiver(Serve serve) : serve_(std::move(serve)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        REQUIRE(::listen(listener_, 128) == 0);
        socklen_t size = sizeof address;
        REQUIRE(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
        port_ = ntohs(address.sin_port);
        acceptor_ = std::thread([this] { accept_all(); });
    }
    ~Receiver() {
        ::shutdown(listener_, SHUT_RDWR);
        acceptor_.join();
        for (auto& thread : threads_) thread.join();
        ::close(listener_);
    }
    Receiver(const Receiver&) = delete;
    Receiver& operator=(const Receiver&) = delete;

    [[nodiscard]] std::string url(const std::string& path = "/hook") const {
        return "http://127.0.0.1:" + std::to_string(port_) + path;
    }
    [[nodiscard]] int connections() const { return connections_; }

private:
    void accept_all() {
        while (true) {
            const int descriptor = ::accept(listener_, nullptr, nullptr);
            if (descriptor < 0) return;
            ++connections_;
            threads_.emplace_back([this, descriptor] {
                serve_(descriptor);
                ::close(descriptor);
            });
        }
    }

    Serve serve_;
    int listener_;
    int port_ = 0;
    std::atomic<int> connections_{0};
    std::thread acceptor_;
    std::vector<std::thread> threads_;
};

/// False when the other side is gone.
inline bool write_text(int descriptor, const std::string& text) {
    return ::send(descriptor, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

/// A whole request: head and body.
inline std::string read_request(int descriptor) {
    std::string text;
    char buffer[65536];
    while (true) {
        const auto head_end = text.find("\r\n\r\n");
        if (head_end != std::string::npos) {
            const auto at = text.find("content-length: ");
            const auto length = at == std::string::npos ? 0 : std::stoul(text.substr(at + 16));
            if (text.size() >= head_end + 4 + length) return text;
        }
        const auto size = ::recv(descriptor, buffer, sizeof buffer, 0);
        if (size <= 0) return text;
        text.append(buffer, static_cast<std::size_t>(size));
    }
}

/// The head of a request, and what came with it.
inline std::string read_beginning(int descriptor) {
    std::string text;
    char buffer[65536];
    while (text.find("\r\n\r\n") == std::string::npos) {
        const auto size = ::recv(descriptor, buffer, sizeof buffer, 0);
        if (size <= 0) break;
        text.append(buffer, static_cast<std::size_t>(size));
    }
    return text;
}

/// Reads so many bytes; less when the other side has no more.
inline std::size_t skip_bytes(int descriptor, std::size_t bytes) {
    std::vector<char> buffer(bytes);
    const auto size = ::recv(descriptor, buffer.data(), bytes, MSG_WAITALL);
    return size < 0 ? 0 : static_cast<std::size_t>(size);
}

/// Reads nothing more.
inline void wait_until_the_other_side_is_gone(int descriptor) {
    pollfd gone{.fd = descriptor, .events = POLLRDHUP, .revents = 0};
    CHECK(::poll(&gone, 1, 60'000) == 1);
}

inline std::string reply(const std::string& status, const std::string& body) {
    return "HTTP/1.1 " + status + "\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// A receiver that gives this answer to every request.
inline Receiver::Serve answering(std::string text) {
    return [text = std::move(text)](int descriptor) {
        read_request(descriptor);
        write_text(descriptor, text);
    };
}

}  // namespace foldback::server
