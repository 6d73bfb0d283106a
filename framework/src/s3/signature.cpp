#include "s3/signature.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <stdexcept>

namespace foldback::s3 {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";
constexpr std::size_t day_digits = 8;

void require(bool worked) {
    if (!worked) throw std::runtime_error("OpenSSL offers no SHA-256");
}

std::string hash_of(std::string_view bytes) {
    Sha256 hash;
    hash.add(bytes);
    return hex(hash.digest());
}

std::string hmac(const std::string& key, std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned size = 0;
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    require(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes, text.size(), out.data(), &size) !=
            nullptr);
    return {reinterpret_cast<const char*>(out.data()), size};
}

/// As in 20130524T000000Z.
std::string text_of(TimeOfDay when) {
    const auto seconds = std::chrono::system_clock::to_time_t(when);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    return {text.data(), std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts)};
}

}  // namespace

struct Sha256::State {
    std::unique_ptr<EVP_MD_CTX, decltype([](EVP_MD_CTX* context) { EVP_MD_CTX_free(context); })> context;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
    state_->context.reset(EVP_MD_CTX_new());
    require(state_->context && EVP_DigestInit_ex(state_->context.get(), EVP_sha256(), nullptr) == 1);
}

Sha256::~Sha256() = default;

void Sha256::add(std::string_view bytes) {
    require(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1);
}

std::string Sha256::digest() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned size = 0;
    require(EVP_DigestFinal_ex(state_->context.get(), out.data(), &size) == 1);
    return {reinterpret_cast<const char*>(out.data()), size};
}

std::string hex(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const char letter : bytes) {
        const auto byte = static_cast<unsigned char>(letter);
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

std::string signing_key(const std::string& secret_key, std::string_view day, std::string_view region,
                        std::string_view service) {
    auto key = "AWS4" + secret_key;
    for (const auto part : {day, region, service, std::string_view("aws4_request")}) key = hmac(key, part);
    return key;
}

Headers sign(const Unsigned& request, const S3Credentials& who, const std::string& region, TimeOfDay when) {
    const auto time = text_of(when);
    const auto day = time.substr(0, day_digits);
    Headers headers = request.headers;
    headers.emplace_back("x-amz-content-sha256", request.content_hash);
    headers.emplace_back("x-amz-date", time);
    if (!who.session_token.empty()) headers.emplace_back("x-amz-security-token", who.session_token);
    std::ranges::sort(headers);

    std::string names;
    auto canonical = request.method + '\n' + request.path + '\n' + request.query + '\n';
    for (const auto& [name, value] : headers) {
        canonical.append(name).append(":").append(value).append("\n");
        names.append(names.empty() ? "" : ";").append(name);
    }
    canonical.append("\n").append(names).append("\n").append(request.content_hash);

    const auto scope = day + '/' + region + "/s3/aws4_request";
    const auto text = std::string(algorithm) + '\n' + time + '\n' + scope + '\n' + hash_of(canonical);
    const auto signature = hex(hmac(signing_key(who.secret_key, day, region, "s3"), text));
    headers.emplace_back("authorization", std::string(algorithm) + " Credential=" + who.access_key + '/' + scope +
                                              ",SignedHeaders=" + names + ",Signature=" + signature);
    return headers;
}

}  // namespace foldback::s3
