#pragma once

#include <utility>

#include <boost/system/result.hpp>

#include "foldback/core/decision.hpp"

namespace foldback::server::subscriptions {

/// The codes that a subscription API refuses with: `{"error":{"code":…}}`. Programs act on them.
namespace code {
inline constexpr const char* invalid_request = "INVALID_REQUEST";
inline constexpr const char* invalid_offset = "INVALID_OFFSET";
inline constexpr const char* not_found = "SUBSCRIPTION_NOT_FOUND";
inline constexpr const char* already_exists = "SUBSCRIPTION_ALREADY_EXISTS";
inline constexpr const char* url_rejected = "WEBHOOK_URL_REJECTED";
inline constexpr const char* token_invalid = "TOKEN_INVALID";
inline constexpr const char* token_expired = "TOKEN_EXPIRED";
inline constexpr const char* fenced = "FENCED";
inline constexpr const char* already_claimed = "ALREADY_CLAIMED";
inline constexpr const char* no_pending_work = "NO_PENDING_WORK";
inline constexpr const char* too_many = "LIMIT_REACHED";
inline constexpr const char* over_quota = "QUOTA_EXCEEDED";
inline constexpr const char* busy = "BUSY";
inline constexpr const char* full = "FULL";
inline constexpr const char* internal = "INTERNAL";
}  // namespace code

/// A rejection that is not a text as well: Rejection itself can be made of one.
struct CheckFailure : Rejection {
    CheckFailure() = default;
    CheckFailure(Rejection rejection) : Rejection(std::move(rejection)) {}  // NOLINT(google-explicit-constructor)
};

/// What was asked for, or why it is refused.
template <class Value>
using Checked = boost::system::result<Value, CheckFailure>;

}  // namespace foldback::server::subscriptions
