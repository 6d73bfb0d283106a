#pragma once

#include <boost/asio/ssl/context.hpp>

#include <string>
#include <vector>

#include "http/net.hpp"
#include "subscriptions/decisions.hpp"
#include "subscriptions/webhook_url.hpp"

namespace foldback::server::delivery {

/// One request to one receiver.
struct Exchange {
    const subscriptions::WebhookUrl& url;
    std::string head;  ///< of the request, with the empty line at its end
    std::string_view body;
    std::size_t max_reply_bytes;
};

/// The bytes of a request's head.
[[nodiscard]] std::string request_head(const subscriptions::WebhookUrl& url, std::string_view signature,
                                       std::size_t body_bytes);

/// Connects to the first of these endpoints that takes it, sends the request and reads the answer. Redirects are failures.
/// Ends early when somebody closes `socket`.
[[nodiscard]] http::Task<subscriptions::Outcome> run_exchange(
    http::Socket& socket, http::asio::ssl::context& tls, const Exchange& exchange,
    const std::vector<http::asio::ip::tcp::endpoint>& endpoints);

}  // namespace foldback::server::delivery
