#include "subscriptions/signing_keys.hpp"

#include <openssl/evp.h>

#include <stdexcept>

namespace foldback::server::subscriptions {

namespace {

using Pair = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

}  // namespace

SigningKey::SigningKey(const Secret& seed) : seed_(seed) {
    Pair pair(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()), &EVP_PKEY_free);
    std::string public_key(32, '\0');
    auto size = public_key.size();
    if (!pair ||
        EVP_PKEY_get_raw_public_key(pair.get(), reinterpret_cast<unsigned char*>(public_key.data()), &size) != 1) {
        throw std::runtime_error("OpenSSL made no Ed25519 key");
    }
    pair_ = std::shared_ptr<EVP_PKEY>(pair.release(), &EVP_PKEY_free);
    x_ = base64url(public_key);
    kid_ = "ds_" + base64url(sha256(R"({"crv":"Ed25519","kty":"OKP","x":")" + x_ + R"("})"));
}

std::string SigningKey::jwk() const {
    return R"({"kty":"OKP","crv":"Ed25519","kid":")" + kid_ + R"(","use":"sig","alg":"EdDSA","x":")" + x_ + R"("})";
}

std::string SigningKey::sign(std::string_view message) const {
    const Context context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    std::string signature(64, '\0');
    auto size = signature.size();
    auto* pair = static_cast<EVP_PKEY*>(pair_.get());
    if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, pair) != 1 ||
        EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                       reinterpret_cast<const unsigned char*>(message.data()), message.size()) != 1) {
        throw std::runtime_error("OpenSSL signed nothing");
    }
    return signature;
}

Keys Keys::generate() { return {.active = SigningKey(random_secret()), .tokens = random_secret()}; }

std::string Keys::signature_of(std::string_view body, Timestamp now) const {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    const auto time = std::to_string(seconds);
    auto message = time + ".";
    message.append(body);
    return "t=" + time + ",kid=" + active.kid() + ",ed25519=" + base64url(active.sign(message));
}

std::string Keys::jwks(Timestamp now) const {
    auto text = R"({"keys":[)" + active.jwk();
    for (const auto& [key, since] : retired) {
        if (now < since + publish_retired_for) text.append(",").append(key.jwk());
    }
    return text + "]}";
}

}  // namespace foldback::server::subscriptions
