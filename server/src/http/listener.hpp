#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "http/admission.hpp"
#include "http/shard.hpp"

namespace foldback::server::http {

/// Accepts on one address and deals the connections to the shards in turn. Works on one shard's thread.
class Listener {
public:
    /// Binds. Throws std::system_error.
    Listener(Shard& home, std::vector<Shard*> shards, Admission& admission, int backlog, const std::string& address,
             std::uint16_t port);
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

    void start();
    /// The home shard's thread only.
    void close();

private:
    using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

    void await_connection();
    void accept_waiting();
    void pause(int error);
    void admit(int descriptor, const PeerKey& peer);

    Shard& home_;
    std::vector<Shard*> shards_;
    std::size_t next_shard_ = 0;
    Admission& admission_;
    Acceptor acceptor_;
    Timer pause_timer_;
    std::uint16_t port_ = 0;
};

}  // namespace foldback::server::http
