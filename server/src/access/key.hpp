#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

struct evp_pkey_st;

namespace foldback::server::access {

/// The signatures of JWTs that are checked. A key knows its own: the token does not choose (RFC 8725 §3.1).
enum class Algorithm : std::uint8_t { ed25519, rs256, es256, hs256 };

/// As a JWT's header names it.
[[nodiscard]] std::string_view name_of(Algorithm algorithm) noexcept;

/// A key that JWTs are checked with. Immutable; any thread.
class Key {
public:
    /// A public key of a JWK (RFC 7517, 8037): Ed25519, RSA of 2048 to 8192 bits, P-256. Nothing for one of another
    /// kind or use. Throws AccessError for a private or broken key and for a short one.
    [[nodiscard]] static std::optional<Key> of_jwk(const nlohmann::json& jwk, const std::string& place);

    /// HS256. Throws AccessError when the secret is shorter than 32 bytes.
    [[nodiscard]] static Key of_secret(std::string secret);

    [[nodiscard]] Algorithm algorithm() const noexcept { return algorithm_; }
    [[nodiscard]] const std::optional<std::string>& kid() const noexcept { return kid_; }
    /// What names the key itself: it differs when the key does.
    [[nodiscard]] const std::string& fingerprint() const noexcept { return fingerprint_; }

    [[nodiscard]] bool verify(std::string_view text, std::string_view signature) const;

private:
    Key() = default;
    [[nodiscard]] bool verify_code(std::string_view text, std::string_view code) const;
    [[nodiscard]] bool verify_signature(std::string_view text, std::string_view signature) const;

    Algorithm algorithm_ = Algorithm::ed25519;
    std::optional<std::string> kid_;
    std::string fingerprint_;
    std::string secret_;
    std::shared_ptr<evp_pkey_st> public_key_;
};

/// The keys of a JWK set that are of use here, at least one. Throws AccessError, also when a `kid` occurs twice.
[[nodiscard]] std::vector<Key> parse_jwks(std::string_view text, const std::string& place);

}  // namespace foldback::server::access
