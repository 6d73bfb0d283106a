#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/system/result.hpp>
#include <nlohmann/json.hpp>

#include "access/key.hpp"
#include "foldback/store/types.hpp"

namespace foldback::server::access {

/// Which JWTs are believed.
struct JwtRules {
    std::string issuer;
    std::string audience;
    std::chrono::seconds leeway{60};
    std::shared_ptr<const std::vector<Key>> keys = std::make_shared<const std::vector<Key>>();
};

struct Claims {
    std::string subject;
    Timestamp valid_until{};  ///< the expiry with the leeway
    nlohmann::json all;
    const Key* key = nullptr;  ///< of the rules
};

/// Why a token is not believed, in a literal.
struct Distrust {
    std::string_view why;
    bool names_unknown_key = false;  ///< its issuer may have a new one
};

inline constexpr std::size_t max_token_bytes = 8 << 10;

/// Whether a token looks like a JWT: three parts.
[[nodiscard]] bool looks_like_jwt(std::string_view token) noexcept;

/// Checks a JWT (RFC 7519, signed as RFC 7515 in compact form) by the strict rules of RFC 8725. The error is why it is
/// not believed, for the operator's eyes only.
///
/// The key is found by `kid` alone, which may be absent only when there is one key; the header's `alg` must be the
/// key's. `exp`, `iss`, `aud` and `sub` are required, `nbf` and `iat` checked when they are there. Refused: `jku`,
/// `jwk`, `x5u`, `x5c`, `crit`, `zip`, another `typ` than JWT or at+jwt, more than 8 KiB, keys that occur twice, base64
/// that is padded or not canonical.
[[nodiscard]] boost::system::result<Claims, Distrust> check_jwt(const JwtRules& rules, std::string_view token,
                                                                Timestamp now);

}  // namespace foldback::server::access
