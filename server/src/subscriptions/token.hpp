#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "foldback/core/timestamp.hpp"
#include "subscriptions/rejections.hpp"
#include "subscriptions/secrets.hpp"

namespace foldback::server::subscriptions {

/// What a callback or claim token is good for (PROTOCOL §12.9): one wake of one subscription, until a moment.
struct Claims {
    std::string subscription;
    std::uint64_t generation = 0;
    std::string wake_id;
    Timestamp expires_at;
};

/// The token that says so: `<generation>.<wake id>.<expiry>.<HMAC-SHA256>`. The subscription is in the code only, as it
/// is in the URL that the token is used at.
[[nodiscard]] std::string issue_token(const Secret& key, const Claims& claims);

/// Reads a token that was given for use with a subscription. Rejections: TOKEN_INVALID, TOKEN_EXPIRED. Whether the
/// generation and the wake are still current is the subscription's to say.
[[nodiscard]] Checked<Claims> check_token(const Secret& key, std::string_view token, std::string_view subscription,
                                          Timestamp now);

}  // namespace foldback::server::subscriptions
