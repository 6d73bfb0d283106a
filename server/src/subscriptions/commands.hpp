#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "foldback/server/http_message.hpp"
#include "foldback/server/principal.hpp"
#include "subscriptions/configuration.hpp"
#include "subscriptions/decisions.hpp"

/// What clients ask of a subscription.
namespace foldback::server::subscriptions {

struct Put {
    Configuration configuration;
    std::string base_url;  ///< where the client reached the server
    /// At most so many that are its sender's (507 beyond); 0: any number.
    std::uint64_t most_own = 0;
    std::function<bool(const std::string& id)> is_own{};
};
struct Get {
    std::string base_url;
};
struct Delete {};
struct AddStreams {
    std::vector<std::string> streams;
};
struct RemoveStream {
    std::string stream;
};
struct Claim {
    std::string worker;
};
/// A callback (webhook) or an ack (pull-wake).
struct Report {
    Delivery from = Delivery::webhook;
    std::string token;
    Progress progress;
};
struct Release {
    std::string token;
    WakeReference wake;
};
using Command = std::variant<Put, Get, Delete, AddStreams, RemoveStream, Claim, Report, Release>;

/// A command and whose it is.
struct Addressed {
    std::string id;
    Command command;
};

/// Reads a request below `__ds/subscriptions/`: `path` is what follows that. Rejections: INVALID_REQUEST,
/// WEBHOOK_URL_REJECTED, TOKEN_INVALID, SUBSCRIPTION_NOT_FOUND for a path that means nothing.
[[nodiscard]] Checked<Addressed> parse_command(const Request& request, std::string_view path, LocalWebhooks local);

/// Whether a principal may have done for it what a command asks for: streams followed that it may read and subscribe to,
/// news sent to a URL (`webhook`), or appended to a wake stream (`append`). Of a pattern it must be so for what the
/// pattern matches at every depth. What a grant denies within a pattern is not seen: a wake names it, but has no data of it.
[[nodiscard]] bool may_command(const Principal& principal, const Addressed& addressed);

/// The methods of a path, as a header value; empty when the path means nothing.
[[nodiscard]] std::string_view methods_of(std::string_view path) noexcept;

/// Whether requests with this path carry the token of a wake: callbacks, acks, releases. Their senders need no other.
[[nodiscard]] bool wants_wake_token(std::string_view path) noexcept;

}  // namespace foldback::server::subscriptions
