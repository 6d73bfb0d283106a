#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <nlohmann/json.hpp>

#include "access/digest.hpp"
#include "access/grants.hpp"
#include "access/issuer_keys.hpp"
#include "access/jwt.hpp"
#include "foldback/server/http_message.hpp"

namespace foldback::server::access {

/// The id of who shows no credentials. All others' begin with how they were known, such as "token:".
inline constexpr std::string_view anonymous_id = "anonymous";

/// A principal of an access file.
class GrantedPrincipal final : public Principal {
public:
    GrantedPrincipal(std::string id, Grants grants, std::optional<Timestamp> expires, std::string origin,
                     Quota quota = {})
        : id_(std::move(id)),
          grants_(std::move(grants)),
          expires_(expires),
          origin_(std::move(origin)),
          quota_(quota) {}

    [[nodiscard]] std::string_view id() const noexcept override { return id_; }
    [[nodiscard]] bool is_anonymous() const noexcept override { return id_ == anonymous_id; }
    [[nodiscard]] bool may(Verb verb, std::string_view path) const override { return grants_.allow(verb, path); }
    [[nodiscard]] std::vector<std::string> prefixes(Verb verb) const override { return grants_.prefixes(verb); }
    [[nodiscard]] Quota quota() const noexcept override { return quota_; }

    [[nodiscard]] const std::optional<Timestamp>& expires() const noexcept { return expires_; }
    /// The words of the files that made it what it is: as long as they stand there, it holds.
    [[nodiscard]] const std::string& origin() const noexcept { return origin_; }

private:
    std::string id_;
    Grants grants_;
    std::optional<Timestamp> expires_;
    std::string origin_;
    Quota quota_;
};

using PrincipalPtr = std::shared_ptr<const GrantedPrincipal>;

/// Finds the keys at a URL. Throws AccessError when it must not be asked.
using KeysOfIssuer = std::function<std::shared_ptr<IssuerKeys>(const KeySetUrl&, const KeyTimes&)>;

/// An access file and what it names, read once. Immutable; any thread.
///
/// Ids say where they come from, so that no kind of credentials can take the name of another: `token:…`, `jwt:…`,
/// `certificate:…`, `anonymous`.
class Policy {
public:
    /// Throws AccessError.
    [[nodiscard]] static Policy read(const std::filesystem::path& file, const KeysOfIssuer& keys_of);
    /// Files that `text` names are looked for in `folder`.
    [[nodiscard]] static Policy parse(std::string_view text, const std::filesystem::path& folder,
                                      const KeysOfIssuer& keys_of = {});

    /// Those of the issuer whose URL it names; null when it names none.
    [[nodiscard]] const std::shared_ptr<IssuerKeys>& issuer_keys() const noexcept { return issuer_keys_; }

    /// Who has a bearer token; null when it does not hold. `missed` is set when a key that the issuer may have by now could
    /// change that.
    [[nodiscard]] PrincipalPtr of_token(std::string_view token, Timestamp now, bool& missed) const;
    /// Who has a verified certificate; null when no name of it is known.
    [[nodiscard]] PrincipalPtr of_certificate(const Peer& peer, Timestamp now) const;
    /// Everybody else; null when nothing is granted to them.
    [[nodiscard]] const PrincipalPtr& anonymous() const noexcept { return anonymous_; }

    [[nodiscard]] bool still_says(const GrantedPrincipal& principal) const;

private:
    struct StaticToken {
        Digest digest;
        PrincipalPtr principal;
    };
    struct Jwt {
        JwtRules rules;
        nlohmann::json grants = nlohmann::json::array();
        std::string grants_claim;
        Quota quota;       ///< of each subject
        std::string text;  ///< of the section
        bool names_subject = false;
    };
    struct Certificate {
        std::string id;
        Grants grants;
        std::string origin;
        Quota quota;
    };

    void add_tokens(const nlohmann::json& list);
    void add_jwt(const nlohmann::json& section, const std::filesystem::path& folder, const KeysOfIssuer& keys_of);
    void add_certificates(const nlohmann::json& list);
    [[nodiscard]] PrincipalPtr of_jwt(std::string_view token, Timestamp now, bool& missed) const;
    [[nodiscard]] static std::string origin_of(const Jwt& jwt, const Key& key) { return jwt.text + key.fingerprint(); }
    [[nodiscard]] static bool is_origin_of(std::string_view origin, const Jwt& jwt, const Key& key) {
        return origin.size() == jwt.text.size() + key.fingerprint().size() && origin.starts_with(jwt.text) &&
               origin.ends_with(key.fingerprint());
    }

    std::unordered_multimap<std::uint64_t, StaticToken> tokens_;  ///< by the first bytes of the digest
    std::optional<Jwt> jwt_;
    std::shared_ptr<IssuerKeys> issuer_keys_;
    std::unordered_map<std::string, Certificate> certificates_;  ///< by name
    PrincipalPtr anonymous_;
    std::unordered_set<std::string> origins_;
};

}  // namespace foldback::server::access
