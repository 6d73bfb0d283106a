#pragma once

#include <boost/asio/ssl/context.hpp>

#include <string>
#include <vector>

#include "http/net.hpp"
#include "subscriptions/webhook_url.hpp"

namespace foldback::server::delivery {

/// One request to somebody elsewhere.
struct Exchange {
    const subscriptions::WebhookUrl& url;
    std::string head;  ///< of the request, with the empty line at its end
    std::string_view body;
    std::size_t max_reply_bytes;
};

/// The whole answer, or why there is none.
struct Answered {
    unsigned status = 0;
    std::string body{};
    std::string failure{};  ///< empty: there is an answer
};

/// TLS 1.2 and 1.3 with those whom the system's authorities vouch for, or those in a file (PEM), which may be empty. Returns what is
/// wrong with that; empty: nothing.
[[nodiscard]] std::string trust(http::asio::ssl::context& tls, const std::string& ca_file);

/// Connects to the first of these endpoints that takes it, sends the request and reads the answer. Follows no redirect.
/// Ends early when somebody closes `socket`.
[[nodiscard]] http::Task<Answered> run_exchange(http::Socket& socket, http::asio::ssl::context& tls,
                                                const Exchange& exchange,
                                                const std::vector<http::asio::ip::tcp::endpoint>& endpoints);

}  // namespace foldback::server::delivery
