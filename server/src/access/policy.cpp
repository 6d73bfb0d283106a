#include "access/policy.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <set>

#include "access/strict_json.hpp"
#include "protocol/timestamp.hpp"

namespace foldback::server::access {

namespace {

using Json = nlohmann::json;

constexpr std::size_t max_file_bytes = 4 << 20;
constexpr std::size_t max_entries = 100'000;
constexpr std::size_t max_id_bytes = 256;

std::string read_file(const std::filesystem::path& path) {
    std::ifstream input(path, std::ios::binary);
    if (!input || std::filesystem::is_directory(path)) throw AccessError("cannot read " + path.string());
    std::string text(max_file_bytes + 1, '\0');
    input.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(input.gcount()));
    if (text.size() > max_file_bytes) throw AccessError(path.string() + " is larger than 4 MiB");
    return text;
}

const Json& list_member(const Json& document, const char* name) {
    static const Json nothing = Json::array();
    const auto found = document.find(name);
    if (found == document.end()) return nothing;
    if (!found->is_array()) throw AccessError(std::string(name) + ": must be a list");
    if (found->size() > max_entries) throw AccessError(std::string(name) + ": must be at most 100,000 entries");
    return *found;
}

std::string id_member(const Json& entry, const char* name, const std::string& place) {
    auto id = text_member(entry, name, place);
    const bool is_printable = std::ranges::all_of(id, [](char c) { return c > 0x20 && c < 0x7F; });
    if (!is_printable || id.size() > max_id_bytes) {
        throw AccessError(place + "." + name + ": must be 1 to 256 printable bytes without blanks");
    }
    return id;
}

std::optional<Timestamp> expiry_member(const Json& entry, const std::string& place) {
    if (!entry.contains("expires")) return std::nullopt;
    const auto expires = protocol::parse_timestamp(text_member(entry, "expires", place));
    if (!expires) throw AccessError(place + ".expires: must be a time such as 2027-01-31T00:00:00Z");
    return expires;
}

const Json& grants_member(const Json& entry, const std::string& place) {
    const auto found = entry.find("grants");
    if (found == entry.end()) throw AccessError(place + ": needs \"grants\"");
    return *found;
}

Quota quota_member(const Json& entry, const std::string& place) {
    if (!entry.contains("quota")) return {};
    const auto& given = entry["quota"];
    const auto here = place + ".quota";
    require_members(given, {"streams", "bytes", "subscriptions"}, here);
    if (given.empty()) throw AccessError(here + ": needs \"streams\", \"bytes\" or \"subscriptions\"");
    const auto number = [&](const char* name) -> std::uint64_t {
        if (!given.contains(name)) return 0;
        const auto& value = given[name];
        const bool is_good = value.is_number_unsigned() && value.get<std::uint64_t>() > 0;
        if (!is_good) throw AccessError(here + "." + name + ": must be a whole number from 1");
        return value.get<std::uint64_t>();
    };
    return {.streams = number("streams"), .bytes = number("bytes"), .subscriptions = number("subscriptions")};
}

std::uint64_t bucket_of(const Digest& digest) noexcept {
    std::uint64_t bucket = 0;
    std::memcpy(&bucket, digest.data(), sizeof bucket);
    return bucket;
}

std::chrono::seconds seconds_member(const Json& section, const char* name, std::chrono::seconds least,
                                    std::chrono::seconds most, std::chrono::seconds otherwise) {
    if (!section.contains(name)) return otherwise;
    const auto& value = section[name];
    const auto seconds = value.is_number_unsigned() ? value.get<std::uint64_t>() : UINT64_MAX;
    if (seconds < static_cast<std::uint64_t>(least.count()) || seconds > static_cast<std::uint64_t>(most.count())) {
        throw AccessError(std::string("jwt.") + name + ": must be a whole number from " +
                          std::to_string(least.count()) + " to " + std::to_string(most.count()));
    }
    return std::chrono::seconds(static_cast<std::int64_t>(seconds));
}

KeyTimes times_member(const Json& section) {
    constexpr std::chrono::seconds day{86'400};
    KeyTimes times;
    times.refresh = seconds_member(section, "jwks_refresh_seconds", std::chrono::seconds(60), day,
                                   duration_cast<std::chrono::seconds>(times.refresh));
    times.keep = seconds_member(section, "jwks_keep_seconds", std::chrono::seconds(60), day, day);
    if (times.keep < times.refresh) {
        throw AccessError("jwt.jwks_keep_seconds: must not be less than jwks_refresh_seconds");
    }
    return times;
}

/// The one member that says where the keys are.
const char* keys_member(const Json& section) {
    const char* only = nullptr;
    for (const auto* name : {"jwks_file", "jwks_url", "hs256_secret_file"}) {
        if (!section.contains(name)) continue;
        if (only != nullptr) only = "";
        if (only == nullptr) only = name;
    }
    if (only == nullptr || *only == '\0') {
        throw AccessError("jwt: needs one of \"jwks_file\", \"jwks_url\" and \"hs256_secret_file\"");
    }
    return only;
}

std::vector<Key> read_keys(const Json& section, const std::filesystem::path& folder, const char* name) {
    const bool has_set = std::string_view(name) == "jwks_file";
    const auto path = folder / text_member(section, name, "jwt");
    auto text = read_file(path);
    if (has_set) return parse_jwks(text, path.string());
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    return {Key::of_secret(std::move(text))};
}

}  // namespace

Policy Policy::read(const std::filesystem::path& file, const KeysOfIssuer& keys_of) {
    try {
        return parse(read_file(file), file.parent_path(), keys_of);
    } catch (const AccessError& error) {
        throw AccessError(file.string() + ": " + error.what());
    }
}

Policy Policy::parse(std::string_view text, const std::filesystem::path& folder, const KeysOfIssuer& keys_of) {
    const auto document = parse_strict(text);
    if (!document) throw AccessError("it is no JSON document, or an object in it has a key twice");
    require_members(*document, {"tokens", "jwt", "certificates", "anonymous"}, "the document");
    Policy policy;
    policy.add_tokens(list_member(*document, "tokens"));
    if (document->contains("jwt")) policy.add_jwt((*document)["jwt"], folder, keys_of);
    policy.add_certificates(list_member(*document, "certificates"));
    if (document->contains("anonymous")) {
        const auto& grants = (*document)["anonymous"];
        auto origin = "anonymous " + grants.dump();
        policy.origins_.insert(origin);
        policy.anonymous_ = std::make_shared<GrantedPrincipal>(
            std::string(anonymous_id), parse_grants(grants, "anonymous"), std::nullopt, std::move(origin));
    }
    return policy;
}

void Policy::add_tokens(const Json& list) {
    std::set<std::string> ids;
    for (std::size_t i = 0; i != list.size(); ++i) {
        const auto here = "tokens[" + std::to_string(i) + "]";
        const auto& entry = list[i];
        require_members(entry, {"id", "sha256", "grants", "expires", "quota"}, here);
        auto id = id_member(entry, "id", here);
        const auto digest = digest_of_hex(text_member(entry, "sha256", here));
        if (!digest) throw AccessError(here + ".sha256: must be the 64 hexadecimal digits of SHA-256 of the token");
        const auto [first, last] = tokens_.equal_range(bucket_of(*digest));
        const bool known = std::any_of(first, last, [&](const auto& other) { return other.second.digest == *digest; });
        if (known) throw AccessError(here + ".sha256: is that of another token");
        if (!ids.insert(id).second) throw AccessError(here + ".id: is that of another token");
        auto origin = "token " + entry.dump();
        origins_.insert(origin);
        auto principal = std::make_shared<GrantedPrincipal>(
            "token:" + id, parse_grants(grants_member(entry, here), here + ".grants"), expiry_member(entry, here),
            std::move(origin), quota_member(entry, here));
        tokens_.emplace(bucket_of(*digest), StaticToken{*digest, std::move(principal)});
    }
}

void Policy::add_jwt(const Json& section, const std::filesystem::path& folder, const KeysOfIssuer& keys_of) {
    require_members(section,
                    {"issuer", "audience", "jwks_file", "jwks_url", "jwks_ca_file", "jwks_refresh_seconds",
                     "jwks_keep_seconds", "hs256_secret_file", "leeway_seconds", "grants", "grants_claim", "quota"},
                    "jwt");
    const auto* source = keys_member(section);
    const bool is_elsewhere = std::string_view(source) == "jwks_url";
    Jwt jwt;
    jwt.rules = {.issuer = text_member(section, "issuer", "jwt"),
                 .audience = text_member(section, "audience", "jwt"),
                 .leeway = seconds_member(section, "leeway_seconds", std::chrono::seconds(0), std::chrono::seconds(300),
                                          std::chrono::seconds(60))};
    for (const auto* name : {"jwks_ca_file", "jwks_refresh_seconds", "jwks_keep_seconds"}) {
        if (!is_elsewhere && section.contains(name)) {
            throw AccessError(std::string("jwt.") + name + ": is for \"jwks_url\" only");
        }
    }
    if (!is_elsewhere) {
        jwt.rules.keys = std::make_shared<const std::vector<Key>>(read_keys(section, folder, source));
    }
    jwt.grants = section.value("grants", Json::array());
    const std::string somebody = "somebody";
    (void)parse_grants(jwt.grants, "jwt.grants", &somebody);
    jwt.names_subject = jwt.grants.dump().find("{sub}") != std::string::npos;
    if (section.contains("grants_claim")) jwt.grants_claim = text_member(section, "grants_claim", "jwt");
    if (jwt.grants.empty() && jwt.grants_claim.empty()) {
        throw AccessError("jwt: needs \"grants\" or \"grants_claim\"");
    }
    jwt.quota = quota_member(section, "jwt");
    jwt.text = "jwt " + section.dump();
    for (const auto& key : *jwt.rules.keys) origins_.insert(origin_of(jwt, key));
    jwt_ = std::move(jwt);
    if (!is_elsewhere) return;
    KeySetUrl from{.url = text_member(section, source, "jwt")};
    if (section.contains("jwks_ca_file")) from.ca_file = folder / text_member(section, "jwks_ca_file", "jwt");
    if (!keys_of) throw AccessError("jwt.jwks_url: keys are not fetched here; use \"jwks_file\"");
    issuer_keys_ = keys_of(from, times_member(section));
}

void Policy::add_certificates(const Json& list) {
    for (std::size_t i = 0; i != list.size(); ++i) {
        const auto here = "certificates[" + std::to_string(i) + "]";
        const auto& entry = list[i];
        require_members(entry, {"name", "grants", "quota"}, here);
        auto name = id_member(entry, "name", here);
        if (!name.starts_with("DNS:") && !name.starts_with("URI:")) {
            throw AccessError(here + ".name: must begin with DNS: or URI:, as the certificate's alternative name");
        }
        Certificate certificate{.id = "certificate:" + name,
                                .grants = parse_grants(grants_member(entry, here), here + ".grants"),
                                .origin = "certificate " + entry.dump(),
                                .quota = quota_member(entry, here)};
        origins_.insert(certificate.origin);
        if (!certificates_.emplace(std::move(name), std::move(certificate)).second) {
            throw AccessError(here + ".name: is that of another certificate");
        }
    }
}

PrincipalPtr Policy::of_token(std::string_view token, Timestamp now, bool& missed) const {
    if (token.size() > max_token_bytes) return nullptr;
    // What the look-up's time tells is about the digest, which nobody can choose without knowing the token.
    const auto digest = sha256(token);
    const auto [first, last] = tokens_.equal_range(bucket_of(digest));
    for (auto known = first; known != last; ++known) {
        const auto& [its_digest, principal] = known->second;
        if (!same_digest(its_digest, digest)) continue;
        return principal->expires() && *principal->expires() <= now ? nullptr : principal;
    }
    return jwt_ && looks_like_jwt(token) ? of_jwt(token, now, missed) : nullptr;
}

bool Policy::still_says(const GrantedPrincipal& principal) const {
    if (origins_.contains(principal.origin())) return true;
    const auto keys = issuer_keys_ ? issuer_keys_->now() : nullptr;
    return keys &&
           std::ranges::any_of(*keys, [&](const Key& key) { return is_origin_of(principal.origin(), *jwt_, key); });
}

PrincipalPtr Policy::of_jwt(std::string_view token, Timestamp now, bool& missed) const {
    auto rules = jwt_->rules;
    if (issuer_keys_) {
        auto keys = issuer_keys_->now();
        missed = keys == nullptr;
        if (!keys) return nullptr;
        rules.keys = std::move(keys);
    }
    const auto claims = check_jwt(rules, token, now);
    if (!claims) {
        missed = issuer_keys_ && claims.error().names_unknown_key;
        return nullptr;
    }
    if (jwt_->names_subject && !is_plain_segment(claims->subject)) return nullptr;
    auto grants = parse_grants(jwt_->grants, "jwt.grants", &claims->subject);
    if (!jwt_->grants_claim.empty() && claims->all.contains(jwt_->grants_claim)) {
        try {
            grants.add(parse_grants(claims->all[jwt_->grants_claim], jwt_->grants_claim));
        } catch (const AccessError&) {
            return nullptr;  // half of what an issuer meant may be more than he meant
        }
    }
    return std::make_shared<GrantedPrincipal>("jwt:" + claims->subject, std::move(grants), claims->valid_until,
                                              origin_of(*jwt_, *claims->key), jwt_->quota);
}

PrincipalPtr Policy::of_certificate(const Peer& peer, Timestamp now) const {
    if (peer.certificate_expires <= now) return nullptr;
    for (const auto& name : peer.certificate_names) {
        const auto found = certificates_.find(name);
        if (found == certificates_.end()) continue;
        const auto& [id, grants, origin, quota] = found->second;
        return std::make_shared<GrantedPrincipal>(id, grants, peer.certificate_expires, origin, quota);
    }
    return nullptr;
}

}  // namespace foldback::server::access
