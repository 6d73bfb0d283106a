#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include "subscriptions/rejections.hpp"
#include "subscriptions/webhook_url.hpp"

namespace foldback::server::subscriptions {

enum class Delivery : std::uint8_t { webhook, pull_wake };
BOOST_DESCRIBE_ENUM(Delivery, webhook, pull_wake)

/// How the protocol writes it: `webhook`, `pull-wake`.
[[nodiscard]] std::string_view name_of(Delivery delivery) noexcept;

/// What a subscription is for, as its creator said it and in one form (PROTOCOL §6.2). Stored as it is.
struct Configuration {
    Delivery type = Delivery::webhook;
    std::optional<std::string> pattern{};
    std::vector<std::string> streams{};        ///< sorted, each once
    std::optional<std::string> webhook_url{};  ///< of `webhook` only
    std::optional<std::string> wake_stream{};  ///< of `pull_wake` only
    std::uint64_t lease_ttl_ms = 30'000;
    std::optional<std::string> description{};
};
BOOST_DESCRIBE_STRUCT(Configuration, (), (type, pattern, streams, webhook_url, wake_stream, lease_ttl_ms, description))

/// Reads the body of a PUT. Rejections: INVALID_REQUEST, WEBHOOK_URL_REJECTED.
[[nodiscard]] Checked<Configuration> parse_configuration(std::string_view body, LocalWebhooks local);

/// What two configurations have in common when, and only when, they say the same: SHA-256 in hexadecimal.
[[nodiscard]] std::string hash_of(const Configuration& configuration);

/// A stream's path without slashes around it. Rejections: what is no path, and what the protocol reserves.
[[nodiscard]] Checked<std::string> parse_path(std::string_view text);

inline constexpr std::size_t max_streams_per_request = 10'000;

}  // namespace foldback::server::subscriptions
