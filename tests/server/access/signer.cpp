#include "server/access/signer.hpp"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

#include <stdexcept>
#include <vector>

namespace foldback::server::access::testing {

namespace {

using Json = nlohmann::json;

void check(bool worked) {
    if (!worked) throw std::runtime_error("OpenSSL failed in a test");
}

std::shared_ptr<EVP_PKEY> owned(EVP_PKEY* key) {
    check(key != nullptr);
    return {key, EVP_PKEY_free};
}

std::string number_of(const EVP_PKEY* key, const char* name, int size = 0) {
    BIGNUM* number = nullptr;
    check(EVP_PKEY_get_bn_param(key, name, &number) == 1);
    std::string bytes(static_cast<std::size_t>(size != 0 ? size : BN_num_bytes(number)), '\0');
    BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    BN_free(number);
    return bytes;
}

std::string halves_of_der(std::string_view der) {
    const auto* in = reinterpret_cast<const unsigned char*>(der.data());
    auto* signature = d2i_ECDSA_SIG(nullptr, &in, static_cast<long>(der.size()));
    check(signature != nullptr);
    std::string halves(64, '\0');
    auto* out = reinterpret_cast<unsigned char*>(halves.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + 32, 32);
    ECDSA_SIG_free(signature);
    return halves;
}

}  // namespace

std::string base64url(std::string_view bytes) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string text;
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char byte : bytes) {
        bits = bits << 8 | static_cast<unsigned char>(byte);
        for (count += 8; count >= 6; count -= 6) text += digits[bits >> (count - 6) & 63];
    }
    if (count > 0) text += digits[bits << (6 - count) & 63];
    return text;
}

Signer Signer::ed25519(std::string kid) {
    Signer signer;
    signer.kid_ = std::move(kid);
    signer.algorithm_ = "EdDSA";
    signer.key_ = owned(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    return signer;
}

Signer Signer::rsa(std::string kid, unsigned bits) {
    Signer signer;
    signer.kid_ = std::move(kid);
    signer.algorithm_ = "RS256";
    signer.key_ = owned(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(bits)));
    return signer;
}

Signer Signer::p256(std::string kid) {
    Signer signer;
    signer.kid_ = std::move(kid);
    signer.algorithm_ = "ES256";
    signer.key_ = owned(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
    return signer;
}

Signer Signer::hs256(std::string secret) {
    Signer signer;
    signer.algorithm_ = "HS256";
    signer.secret_ = std::move(secret);
    return signer;
}

Json Signer::jwk() const {
    Json jwk{{"kid", kid_}, {"use", "sig"}, {"alg", algorithm_}};
    if (algorithm_ == "EdDSA") {
        std::string x(32, '\0');
        auto size = x.size();
        check(EVP_PKEY_get_raw_public_key(key_.get(), reinterpret_cast<unsigned char*>(x.data()), &size) == 1);
        jwk.update({{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", base64url(x)}});
    } else if (algorithm_ == "RS256") {
        jwk.update({{"kty", "RSA"},
                    {"n", base64url(number_of(key_.get(), OSSL_PKEY_PARAM_RSA_N))},
                    {"e", base64url(number_of(key_.get(), OSSL_PKEY_PARAM_RSA_E))}});
    } else {
        jwk.update({{"kty", "EC"},
                    {"crv", "P-256"},
                    {"x", base64url(number_of(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X, 32))},
                    {"y", base64url(number_of(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y, 32))}});
    }
    return jwk;
}

std::string Signer::sign(std::string_view text) const {
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    std::string signature(1024, '\0');
    auto* out = reinterpret_cast<unsigned char*>(signature.data());
    if (algorithm_ == "HS256") {
        unsigned size = 0;
        HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()), bytes, text.size(), out, &size);
        signature.resize(size);
        return signature;
    }
    auto* context = EVP_MD_CTX_new();
    auto size = signature.size();
    const auto* digest = algorithm_ == "EdDSA" ? nullptr : EVP_sha256();
    check(EVP_DigestSignInit(context, nullptr, digest, nullptr, key_.get()) == 1);
    check(EVP_DigestSign(context, out, &size, bytes, text.size()) == 1);
    EVP_MD_CTX_free(context);
    signature.resize(size);
    return algorithm_ == "ES256" ? halves_of_der(signature) : signature;
}

std::string Signer::token(std::string_view header, std::string_view claims) const {
    const auto text = base64url(header) + "." + base64url(claims);
    return text + "." + base64url(sign(text));
}

std::string Signer::token(const Json& claims) const {
    Json header{{"alg", algorithm_}, {"typ", "JWT"}};
    if (!kid_.empty()) header["kid"] = kid_;
    return token(header.dump(), claims.dump());
}

}  // namespace foldback::server::access::testing
