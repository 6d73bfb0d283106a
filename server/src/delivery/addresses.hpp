#pragma once

#include <string>
#include <vector>

#include "http/net.hpp"
#include "subscriptions/webhook_url.hpp"

/// The addresses of a URL's host at one moment: what is connected to is what was looked at.
namespace foldback::server::delivery {

using Endpoints = std::vector<http::asio::ip::tcp::endpoint>;

/// As the system says. Waits for it.
[[nodiscard]] Endpoints look_up(const std::string& host, std::uint16_t port);

/// Why none of these is connected to; empty when they may be. One address that is not for us spoils them all: an honest
/// name has none.
[[nodiscard]] std::string_view problem_with(const subscriptions::WebhookUrl& url, const Endpoints& found);

/// The first few.
[[nodiscard]] Endpoints some_of(Endpoints found);

}  // namespace foldback::server::delivery
