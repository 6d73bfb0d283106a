#include "access/jwt.hpp"

#include <algorithm>
#include <array>

#include "access/digest.hpp"
#include "access/strict_json.hpp"

namespace foldback::server::access {

namespace {

using Json = nlohmann::json;

constexpr std::size_t max_subject_bytes = 256;
/// Seconds of the year 9999: far enough, and milliseconds of it do not overflow.
constexpr std::int64_t max_seconds = 253'402'300'799;

struct Parts {
    std::string_view signed_text;
    std::string header;
    std::string claims;
    std::string signature;
};

std::optional<Parts> split(std::string_view token) {
    const auto first = token.find('.');
    const auto last = token.rfind('.');
    auto header = base64url_decode(token.substr(0, first));
    auto claims = base64url_decode(token.substr(first + 1, last - first - 1));
    auto signature = base64url_decode(token.substr(last + 1));
    if (!header || !claims || !signature) return std::nullopt;
    return Parts{token.substr(0, last), *std::move(header), *std::move(claims), *std::move(signature)};
}

std::optional<Json> object_of(std::string_view text) {
    auto document = parse_strict(text);
    if (document && !document->is_object()) return std::nullopt;
    return document;
}

const std::string* text_of(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? &found->get_ref<const std::string&>() : nullptr;
}

bool has_type_of_jwt(const Json& header) {
    if (!header.contains("typ")) return true;
    const auto* type = text_of(header, "typ");
    if (type == nullptr) return false;
    auto lower = *type;
    std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c | 0x20) : c; });
    return lower == "jwt" || lower == "at+jwt" || lower == "application/at+jwt";
}

const Key* key_named(const JwtRules& rules, const std::string& kid) {
    const auto found = std::ranges::find_if(*rules.keys, [&](const Key& candidate) { return candidate.kid() == kid; });
    return found == rules.keys->end() ? nullptr : &*found;
}

/// The key that the header names, if the header asks for nothing but that.
const Key* key_for(const JwtRules& rules, const Json& header) {
    constexpr std::array forbidden{"jku", "jwk", "x5u", "x5c", "crit", "zip", "b64"};
    for (const auto* name : forbidden) {
        if (header.contains(name)) return nullptr;
    }
    if (!has_type_of_jwt(header)) return nullptr;
    const auto* algorithm = text_of(header, "alg");
    const Key* key = nullptr;
    if (!header.contains("kid")) {
        if (rules.keys->size() == 1) key = rules.keys->data();
    } else if (const auto* kid = text_of(header, "kid")) {
        key = key_named(rules, *kid);
    }
    if (key == nullptr || algorithm == nullptr || *algorithm != name_of(key->algorithm())) return nullptr;
    return key;
}

/// A NumericDate; a fraction of a second is dropped. Nothing when it is absent or none.
std::optional<Timestamp> time_of(const Json& claims, const char* name) {
    const auto found = claims.find(name);
    if (found == claims.end() || !found->is_number()) return std::nullopt;
    const auto seconds = found->get<double>();
    if (!(seconds >= 0 && seconds <= static_cast<double>(max_seconds))) return std::nullopt;
    return Timestamp(std::chrono::seconds(static_cast<std::int64_t>(seconds)));
}

bool is_for(const Json& claims, const std::string& audience) {
    const auto found = claims.find("aud");
    if (found == claims.end()) return false;
    if (found->is_string()) return found->get_ref<const std::string&>() == audience;
    if (!found->is_array()) return false;
    const bool all_text = std::ranges::all_of(*found, [](const Json& one) { return one.is_string(); });
    return all_text && std::ranges::find(*found, Json(audience)) != found->end();
}

bool is_printable(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
}

/// Absent is fine, later than the leeway allows is not, and neither is what is no time.
bool is_past(const Json& claims, const char* name, Timestamp latest) {
    if (!claims.contains(name)) return true;
    const auto time = time_of(claims, name);
    return time && *time <= latest;
}

}  // namespace

bool looks_like_jwt(std::string_view token) noexcept { return std::ranges::count(token, '.') == 2; }

boost::system::result<Claims, Distrust> check_jwt(const JwtRules& rules, std::string_view token, Timestamp now) {
    if (token.size() > max_token_bytes) return Distrust{"it is longer than 8 KiB"};
    if (!looks_like_jwt(token)) return Distrust{"it does not have three parts"};
    const auto parts = split(token);
    if (!parts) return Distrust{"a part is not base64url"};
    const auto header = object_of(parts->header);
    if (!header) return Distrust{"the header is no unambiguous JSON object"};
    const auto* key = key_for(rules, *header);
    if (key == nullptr) {
        const auto* kid = text_of(*header, "kid");
        return Distrust{"no key is for this header", kid != nullptr && key_named(rules, *kid) == nullptr};
    }
    if (!key->verify(parts->signed_text, parts->signature)) return Distrust{"the signature does not hold"};

    auto claims = object_of(parts->claims);
    if (!claims) return Distrust{"the claims are no unambiguous JSON object"};
    const auto expires = time_of(*claims, "exp");
    if (!expires || *expires + rules.leeway <= now) return Distrust{"it has no expiry, or has expired"};
    if (!is_past(*claims, "nbf", now + rules.leeway)) return Distrust{"it is not valid yet"};
    if (!is_past(*claims, "iat", now + rules.leeway)) return Distrust{"it was issued in the future"};
    const auto* issuer = text_of(*claims, "iss");
    if (issuer == nullptr || *issuer != rules.issuer) return Distrust{"it is of another issuer"};
    if (!is_for(*claims, rules.audience)) return Distrust{"it is for another audience"};
    const auto* subject = text_of(*claims, "sub");
    if (subject == nullptr || subject->empty() || subject->size() > max_subject_bytes || !is_printable(*subject)) {
        return Distrust{"its subject is not 1 to 256 printable bytes"};
    }
    auto name = *subject;
    return Claims{
        .subject = std::move(name), .valid_until = *expires + rules.leeway, .all = *std::move(claims), .key = key};
}

}  // namespace foldback::server::access
