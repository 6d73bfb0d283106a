#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

struct evp_pkey_st;

namespace foldback::server::access::testing {

[[nodiscard]] std::string base64url(std::string_view bytes);

/// A key pair of an issuer of JWTs.
class Signer {
public:
    [[nodiscard]] static Signer ed25519(std::string kid);
    [[nodiscard]] static Signer rsa(std::string kid, unsigned bits);
    [[nodiscard]] static Signer p256(std::string kid);
    [[nodiscard]] static Signer hs256(std::string secret);

    [[nodiscard]] const std::string& algorithm() const { return algorithm_; }
    /// The public key.
    [[nodiscard]] nlohmann::json jwk() const;
    /// A signature as a JWT has it, over any text.
    [[nodiscard]] std::string sign(std::string_view text) const;
    /// The JWT of a header and claims, which need not be JSON.
    [[nodiscard]] std::string token(std::string_view header, std::string_view claims) const;
    /// The same with a proper header.
    [[nodiscard]] std::string token(const nlohmann::json& claims) const;

private:
    std::string kid_;
    std::string algorithm_;
    std::string secret_;
    std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace foldback::server::access::testing
