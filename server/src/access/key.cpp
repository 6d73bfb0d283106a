#include "access/key.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "access/digest.hpp"
#include "access/strict_json.hpp"

namespace foldback::server::access {

namespace {

using Json = nlohmann::json;

constexpr std::size_t min_secret_bytes = 32;
constexpr int min_rsa_bits = 2048;
constexpr int max_rsa_bits = 8192;
constexpr std::size_t coordinate_bytes = 32;  // of P-256, and of a signature's halves
constexpr std::size_t max_keys = 100;

template <auto free>
struct Free {
    template <class Object>
    void operator()(Object* object) const noexcept {
        free(object);
    }
};

using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Free<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>>;
using ParameterBuilder = std::unique_ptr<OSSL_PARAM_BLD, Free<OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, Free<OSSL_PARAM_free>>;
using Number = std::unique_ptr<BIGNUM, Free<BN_free>>;
using PublicKey = std::shared_ptr<EVP_PKEY>;

PublicKey owned(EVP_PKEY* key) { return {key, EVP_PKEY_free}; }

const unsigned char* bytes_of(std::string_view text) noexcept {
    return reinterpret_cast<const unsigned char*>(text.data());
}

std::string bytes_member(const Json& jwk, const char* name, const std::string& place) {
    auto bytes = base64url_decode(text_member(jwk, name, place));
    if (!bytes) throw AccessError(place + "." + name + ": must be base64url without padding");
    return *std::move(bytes);
}

PublicKey key_of(const char* type, OSSL_PARAM* parameters) {
    const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* key = nullptr;
    if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1) {
        return nullptr;
    }
    auto result = owned(key);
    const KeyContext check(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
    if (!check || EVP_PKEY_public_check(check.get()) != 1) return nullptr;
    return result;
}

PublicKey ed25519_key(const Json& jwk, const std::string& place) {
    const auto x = bytes_member(jwk, "x", place);
    return owned(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(x), x.size()));
}

PublicKey rsa_key(const Json& jwk, const std::string& place) {
    const auto n = bytes_member(jwk, "n", place);
    const auto e = bytes_member(jwk, "e", place);
    if (n.size() > max_rsa_bits / 8 || e.size() > 8) throw AccessError(place + ": the RSA key is too large");
    const Number modulus(BN_bin2bn(bytes_of(n), static_cast<int>(n.size()), nullptr));
    const Number exponent(BN_bin2bn(bytes_of(e), static_cast<int>(e.size()), nullptr));
    if (modulus && BN_num_bits(modulus.get()) < min_rsa_bits) {
        throw AccessError(place + ": the RSA key has less than 2048 bits");
    }
    const ParameterBuilder builder(OSSL_PARAM_BLD_new());
    if (!modulus || !exponent || !builder || BN_is_odd(exponent.get()) == 0 || BN_is_one(exponent.get()) != 0 ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1) {
        return nullptr;
    }
    const Parameters parameters(OSSL_PARAM_BLD_to_param(builder.get()));
    return parameters ? key_of("RSA", parameters.get()) : nullptr;
}

PublicKey p256_key(const Json& jwk, const std::string& place) {
    const auto x = bytes_member(jwk, "x", place);
    const auto y = bytes_member(jwk, "y", place);
    if (x.size() != coordinate_bytes || y.size() != coordinate_bytes) return nullptr;
    auto point = "\x04" + x + y;
    std::string group = "prime256v1";
    std::array<OSSL_PARAM, 3> parameters{
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
        OSSL_PARAM_construct_end()};
    return key_of("EC", parameters.data());
}

std::optional<Algorithm> algorithm_of(const Json& jwk) {
    const auto type = jwk.value("kty", "");
    const auto curve = jwk.value("crv", "");
    if (type == "OKP" && curve == "Ed25519") return Algorithm::ed25519;
    if (type == "EC" && curve == "P-256") return Algorithm::es256;
    if (type == "RSA") return Algorithm::rs256;
    return std::nullopt;
}

PublicKey public_key(Algorithm algorithm, const Json& jwk, const std::string& place) {
    switch (algorithm) {
        case Algorithm::ed25519: return ed25519_key(jwk, place);
        case Algorithm::rs256: return rsa_key(jwk, place);
        case Algorithm::es256: return p256_key(jwk, place);
        case Algorithm::hs256: break;
    }
    return nullptr;
}

/// A JWT has the two halves side by side; OpenSSL wants them in DER.
std::string ecdsa_to_der(std::string_view halves) {
    if (halves.size() != 2 * coordinate_bytes) return {};
    const std::unique_ptr<ECDSA_SIG, Free<ECDSA_SIG_free>> signature(ECDSA_SIG_new());
    auto* r = BN_bin2bn(bytes_of(halves), coordinate_bytes, nullptr);
    auto* s = BN_bin2bn(bytes_of(halves) + coordinate_bytes, coordinate_bytes, nullptr);
    if (!signature || ECDSA_SIG_set0(signature.get(), r, s) != 1) {
        BN_free(r);
        BN_free(s);
        return {};
    }
    std::string der(static_cast<std::size_t>(std::max(0, i2d_ECDSA_SIG(signature.get(), nullptr))), '\0');
    auto* out = reinterpret_cast<unsigned char*>(der.data());
    i2d_ECDSA_SIG(signature.get(), &out);
    return der;
}

}  // namespace

std::string_view name_of(Algorithm algorithm) noexcept {
    switch (algorithm) {
        case Algorithm::ed25519: return "EdDSA";
        case Algorithm::rs256: return "RS256";
        case Algorithm::es256: return "ES256";
        case Algorithm::hs256: return "HS256";
    }
    return {};
}

std::optional<Key> Key::of_jwk(const Json& jwk, const std::string& place) {
    if (!jwk.is_object()) throw AccessError(place + ": must be an object");
    for (const auto* name : {"kty", "crv", "use", "alg", "kid"}) {
        if (jwk.contains(name) && !jwk[name].is_string()) throw AccessError(place + "." + name + ": must be a string");
    }
    if (jwk.contains("d") || jwk.contains("k")) {
        throw AccessError(place + ": is a private or secret key, which belongs elsewhere");
    }
    const auto algorithm = algorithm_of(jwk);
    if (!algorithm || jwk.value("use", "sig") != "sig") return std::nullopt;
    if (jwk.value("alg", name_of(*algorithm)) != name_of(*algorithm)) return std::nullopt;
    Key key;
    key.algorithm_ = *algorithm;
    key.public_key_ = public_key(*algorithm, jwk, place);
    if (!key.public_key_) throw AccessError(place + ": is no valid key");
    if (jwk.contains("kid")) key.kid_ = jwk["kid"].get<std::string>();
    key.fingerprint_ = jwk.dump();
    return key;
}

Key Key::of_secret(std::string secret) {
    if (secret.size() < min_secret_bytes) throw AccessError("the secret of HS256 must have at least 32 bytes");
    Key key;
    key.algorithm_ = Algorithm::hs256;
    const auto digest = sha256(secret);
    key.fingerprint_.assign(digest.begin(), digest.end());
    key.secret_ = std::move(secret);
    return key;
}

bool Key::verify(std::string_view text, std::string_view signature) const {
    switch (algorithm_) {
        case Algorithm::hs256: return verify_code(text, signature);
        case Algorithm::es256: return verify_signature(text, ecdsa_to_der(signature));
        case Algorithm::ed25519:
        case Algorithm::rs256: return verify_signature(text, signature);
    }
    return false;
}

bool Key::verify_code(std::string_view text, std::string_view code) const {
    Digest expected;
    unsigned size = 0;
    const auto* made = HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()), bytes_of(text), text.size(),
                            expected.data(), &size);
    return made != nullptr && size == code.size() && CRYPTO_memcmp(expected.data(), code.data(), size) == 0;
}

bool Key::verify_signature(std::string_view text, std::string_view signature) const {
    const DigestContext context(EVP_MD_CTX_new());
    const auto* digest = algorithm_ == Algorithm::ed25519 ? nullptr : EVP_sha256();
    return context && !signature.empty() &&
           EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, public_key_.get()) == 1 &&
           EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(text), text.size()) == 1;
}

std::vector<Key> parse_jwks(std::string_view text, const std::string& place) {
    const auto document = parse_strict(text);
    if (!document || !document->is_object() || !document->contains("keys") || !(*document)["keys"].is_array()) {
        throw AccessError(place + ": must be a JSON object with the list \"keys\", and no key of an object twice");
    }
    const auto& list = (*document)["keys"];
    if (list.size() > max_keys) throw AccessError(place + ": must be at most 100 keys");
    std::vector<Key> keys;
    for (std::size_t i = 0; i != list.size(); ++i) {
        const auto here = place + ": keys[" + std::to_string(i) + "]";
        auto key = Key::of_jwk(list[i], here);
        if (!key) continue;
        const auto is_same = [&](const Key& other) { return other.kid() == key->kid(); };
        if (std::any_of(keys.begin(), keys.end(), is_same)) throw AccessError(here + ": has the kid of another key");
        keys.push_back(*std::move(key));
    }
    if (keys.empty()) throw AccessError(place + ": has no key for EdDSA, RS256 or ES256");
    return keys;
}

}  // namespace foldback::server::access
