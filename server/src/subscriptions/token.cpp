#include "subscriptions/token.hpp"

#include <array>
#include <optional>

#include "protocol/header_values.hpp"

namespace foldback::server::subscriptions {

namespace {

constexpr std::size_t max_token_bytes = 256;

std::string code_of(const Secret& key, std::string_view subscription, std::string_view claims) {
    std::string text("foldback subscription token\n");
    text.append(subscription).append("\n").append(claims);
    return base64url(hmac_sha256(key, text));
}

}  // namespace

std::string issue_token(const Secret& key, const Claims& claims) {
    auto token = std::to_string(claims.generation) + "." + claims.wake_id + "." +
                 std::to_string(claims.expires_at.time_since_epoch().count());
    auto code = code_of(key, claims.subscription, token);
    return token + "." + code;
}

Checked<Claims> check_token(const Secret& key, std::string_view token, std::string_view subscription, Timestamp now) {
    const auto invalid = reject(code::token_invalid, "The bearer token is not one for this subscription.");
    const auto last = token.rfind('.');
    if (token.size() > max_token_bytes || last == std::string_view::npos) return invalid;
    const auto signed_part = token.substr(0, last);
    if (!same_secret(token.substr(last + 1), code_of(key, subscription, signed_part))) return invalid;

    const auto first_dot = signed_part.find('.');
    const auto second_dot = signed_part.rfind('.');
    if (first_dot == std::string_view::npos || second_dot <= first_dot) return invalid;
    const auto generation = protocol::parse_number(signed_part.substr(0, first_dot));
    const auto expiry = protocol::parse_number(signed_part.substr(second_dot + 1));
    if (!generation || !expiry) return invalid;
    Claims claims{.subscription = std::string(subscription),
                  .generation = *generation,
                  .wake_id = std::string(signed_part.substr(first_dot + 1, second_dot - first_dot - 1)),
                  .expires_at = Timestamp(std::chrono::milliseconds(*expiry))};
    if (claims.expires_at <= now) return reject(code::token_expired, "The bearer token has expired.");
    return claims;
}

}  // namespace foldback::server::subscriptions
