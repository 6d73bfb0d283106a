#pragma once

#include <map>
#include <memory>
#include <vector>

#include <boost/asio/ssl/context.hpp>

#include "client/connection.hpp"

namespace foldback::client::detail {

/// Connections that are kept for the next request. Lives on the client's thread.
class Pool {
public:
    /// Throws std::invalid_argument when the CA file cannot be read. The options must outlive the pool.
    Pool(asio::io_context& context, const ClientOptions& options);

    /// A connection that may be used at once, or null.
    [[nodiscard]] std::shared_ptr<Connection> take_idle(const Endpoint& endpoint);
    /// A connection that is not connected yet.
    [[nodiscard]] std::shared_ptr<Connection> make(const Endpoint& endpoint);
    /// Keeps the connection for others, if it can be used again.
    void give_back(std::shared_ptr<Connection> connection);

    [[nodiscard]] asio::ssl::context& tls() noexcept { return tls_; }

private:
    asio::io_context& context_;
    const ClientOptions& options_;
    asio::ssl::context tls_;
    std::map<Endpoint, std::vector<std::shared_ptr<Connection>>> idle_;  ///< of each, the last used one last
    std::size_t idle_count_ = 0;
};

}  // namespace foldback::client::detail
