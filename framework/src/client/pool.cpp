#include "client/pool.hpp"

#include <stdexcept>
#include <utility>

namespace foldback::client::detail {

Pool::Pool(asio::io_context& context, const ClientOptions& options)
    : context_(context), options_(options), tls_(asio::ssl::context::tls_client) {
    boost::system::error_code error;
    tls_.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                     asio::ssl::context::no_tlsv1_1);
    if (options.ca_file.empty()) {
        tls_.set_default_verify_paths(error);
        return;
    }
    tls_.load_verify_file(options.ca_file, error);
    if (error) throw std::invalid_argument("ca_file '" + options.ca_file + "' cannot be read: " + error.message());
}

std::shared_ptr<Connection> Pool::take_idle(const Endpoint& endpoint) {
    auto& kept = idle_[endpoint];
    while (!kept.empty()) {
        auto connection = std::move(kept.back());
        kept.pop_back();
        --idle_count_;
        if (connection->is_reusable()) return connection;
        connection->close();
    }
    return nullptr;
}

std::shared_ptr<Connection> Pool::make(const Endpoint& endpoint) {
    return std::make_shared<Connection>(context_, options_, endpoint);
}

void Pool::give_back(std::shared_ptr<Connection> connection) {
    if (idle_count_ >= options_.max_idle_connections || !connection->is_reusable()) {
        connection->close();
        return;
    }
    ++idle_count_;
    auto& kept = idle_[connection->endpoint()];
    kept.push_back(std::move(connection));
}

}  // namespace foldback::client::detail
