#include "subscriptions/secrets.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <stdexcept>

#include "protocol/base64.hpp"

namespace foldback::server::subscriptions {

namespace {

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

void fill_random(unsigned char* out, std::size_t size) {
    if (RAND_bytes(out, static_cast<int>(size)) != 1) throw std::runtime_error("OpenSSL has no random numbers");
}

}  // namespace

Secret random_secret() {
    Secret secret;
    fill_random(secret.data(), secret.size());
    return secret;
}

std::string new_wake_id() {
    std::string raw(16, '\0');
    fill_random(bytes_of(raw), raw.size());
    return "w_" + to_hex(raw);
}

std::string sha256(std::string_view text) {
    std::string digest(32, '\0');
    if (EVP_Digest(text.data(), text.size(), bytes_of(digest), nullptr, EVP_sha256(), nullptr) != 1) {
        throw std::runtime_error("OpenSSL computed no SHA-256");
    }
    return digest;
}

std::string sha256_hex(std::string_view text) { return to_hex(sha256(text)); }

std::string hmac_sha256(const Secret& key, std::string_view text) {
    std::string code(32, '\0');
    unsigned int size = 0;
    if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(), bytes_of(code),
             &size) == nullptr) {
        throw std::runtime_error("OpenSSL computed no HMAC");
    }
    return code;
}

bool same_secret(std::string_view left, std::string_view right) noexcept {
    return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

std::string to_hex(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const char byte : bytes) {
        const auto value = static_cast<unsigned char>(byte);
        text.append(1, digits[value >> 4]).append(1, digits[value & 0xF]);
    }
    return text;
}

std::string base64url(std::string_view bytes) {
    std::string text;
    protocol::append_base64(text, bytes);
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    text.erase(std::find(text.begin(), text.end(), '='), text.end());
    return text;
}

}  // namespace foldback::server::subscriptions
