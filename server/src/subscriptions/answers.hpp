#pragma once

#include <string>

#include "foldback/server/http_message.hpp"
#include "foldback/store/errors.hpp"
#include "subscriptions/signing_keys.hpp"
#include "subscriptions/state.hpp"

/// What subscriptions say to clients and receivers, as JSON (PROTOCOL §6.3, §7).
namespace foldback::server::subscriptions {

/// Where a subscription's URLs begin.
struct Addresses {
    std::string base;           ///< scheme and host, as clients reach the server
    std::string stream_prefix;  ///< `/v1/stream/`

    [[nodiscard]] std::string jwks() const;
    [[nodiscard]] std::string callback(const std::string& id) const;
};

[[nodiscard]] Response no_content();
[[nodiscard]] Response rejected(const Rejection& rejection);
/// With what a worker needs who came too late.
[[nodiscard]] Response already_claimed(const Rejection& rejection, const State& state);
/// The store said no.
[[nodiscard]] Response refused(const Refused& refused);

/// The subscription, with at most 10,000 of its streams. `kid` is the active signing key's.
[[nodiscard]] Response described(unsigned status, const std::string& id, const State& state, const Addresses& addresses,
                                 const std::string& kid);
[[nodiscard]] Response claimed(const State& state, const std::string& token);
[[nodiscard]] Response progressed(bool next_wake);

/// The body of a webhook for the wake under way.
[[nodiscard]] std::string webhook_body(const std::string& id, const State& state, const Addresses& addresses,
                                       const std::string& token);
/// The message in a wake stream.
[[nodiscard]] std::string wake_event(const std::string& id, const WakeIssued& wake, Timestamp now);

}  // namespace foldback::server::subscriptions
