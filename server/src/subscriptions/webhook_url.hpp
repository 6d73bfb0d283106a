#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "subscriptions/rejections.hpp"

/// Which receivers of webhooks a server lets itself be sent to (PROTOCOL §12.8): whoever creates a subscription must not
/// reach through it what only the server can reach.
namespace foldback::server::subscriptions {

/// Whether webhooks may go to this machine: for development.
enum class LocalWebhooks : std::uint8_t { refused, allowed };

/// An IPv6 address, or an IPv4 address in its mapped form (::ffff:0:0/96).
using IpAddress = std::array<unsigned char, 16>;

/// Where a webhook goes.
struct WebhookUrl {
    bool tls = true;
    std::string host;  ///< lower case, without brackets: a name, or an address in text form
    std::uint16_t port = 443;
    std::string authority;  ///< the Host header
    std::string target;     ///< path and query
    bool is_local = false;  ///< names this machine, and only that; needs LocalWebhooks::allowed

    /// Whether a connection for this URL may be made to an address: one of this machine's own when the URL is local, and
    /// else one of the public internet's.
    [[nodiscard]] bool may_connect_to(const IpAddress& address) const noexcept;
};

/// Reads an absolute http or https URL. Rejections (WEBHOOK_URL_REJECTED): everything but https, unless it is local;
/// users and passwords, fragments, what only some readers take for an address (`127.1`, `0x7f000001`), addresses that are
/// not public, names that are not of the internet. A name may still have addresses that are refused: see may_connect_to.
[[nodiscard]] Checked<WebhookUrl> parse_webhook_url(std::string_view url, LocalWebhooks local);

/// What is wrong with a URL, as the end of a sentence about it.
struct UrlProblem {
    std::string_view why;
};
/// The same for a URL that an operator chose.
[[nodiscard]] boost::system::result<WebhookUrl, UrlProblem> parse_outbound_url(std::string_view url,
                                                                               LocalWebhooks local);

/// Whether an address is of the public internet: unicast, and none of the private, shared, link-local, loopback,
/// documentation, benchmark, translation and metadata ranges.
[[nodiscard]] bool is_public(const IpAddress& address) noexcept;
[[nodiscard]] bool is_loopback(const IpAddress& address) noexcept;

}  // namespace foldback::server::subscriptions
