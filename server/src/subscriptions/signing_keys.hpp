#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foldback/core/timestamp.hpp"
#include "subscriptions/secrets.hpp"

namespace foldback::server::subscriptions {

/// An Ed25519 key pair (PROTOCOL §6.5). Immutable; any thread.
class SigningKey {
public:
    /// Throws std::runtime_error when OpenSSL makes no key of the seed.
    explicit SigningKey(const Secret& seed);

    /// `ds_` and the key's JWK thumbprint (RFC 7638): the same for the same key, for ever.
    [[nodiscard]] const std::string& kid() const noexcept { return kid_; }
    [[nodiscard]] const Secret& seed() const noexcept { return seed_; }
    /// Its public half as a JSON Web Key.
    [[nodiscard]] std::string jwk() const;
    /// The signature of a message, 64 bytes.
    [[nodiscard]] std::string sign(std::string_view message) const;

private:
    Secret seed_;
    std::shared_ptr<void> pair_;
    std::string x_;  ///< public key, base64url
    std::string kid_;
};

/// The secrets of a server: what signs webhooks now, what signed them until a moment ago, and what makes tokens.
struct Keys {
    struct Retired {
        SigningKey key;
        Timestamp since;
    };

    SigningKey active;
    std::vector<Retired> retired{};
    Secret tokens;

    [[nodiscard]] static Keys generate();

    /// The `Webhook-Signature` of a body that is sent at a moment (PROTOCOL §7.1).
    [[nodiscard]] std::string signature_of(std::string_view body, Timestamp now) const;

    /// The JWK Set (PROTOCOL §6.5): the active key, and retired ones for as long as a delivery that they signed may be
    /// accepted, and far beyond.
    [[nodiscard]] std::string jwks(Timestamp now) const;
};

/// How long a retired key is published. Receivers accept signatures for minutes.
inline constexpr std::chrono::hours publish_retired_for{24 * 7};

enum class Rotation : std::uint8_t { keep, rotate };

/// Reads the keys of a server from a file, or makes the file when it is not there (mode 0600, whole or not at all, on
/// disk when this returns). `rotate` puts a new signing key in the place of the active one, which is kept as retired.
/// Throws std::runtime_error with the file's name when it cannot be read or written, can be read by others, or holds
/// something else: never makes new keys in the place of ones that it cannot read.
[[nodiscard]] Keys load_keys(const std::filesystem::path& file, Rotation rotation, Timestamp now);

}  // namespace foldback::server::subscriptions
