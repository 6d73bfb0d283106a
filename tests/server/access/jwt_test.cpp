#include "access/jwt.hpp"

#include <doctest/doctest.h>

#include <random>
#include <utility>

#include "access/strict_json.hpp"
#include "server/access/signer.hpp"
#include "support/environment.hpp"

using namespace foldback;
using namespace foldback::server;
using namespace foldback::server::access;
using foldback::server::access::testing::base64url;
using foldback::server::access::testing::Signer;

namespace {

using Json = nlohmann::json;

constexpr std::int64_t now_seconds = 1'800'000'000;
const Timestamp now{std::chrono::seconds(now_seconds)};
const std::string secret = "a secret that is long enough: 32+";

Json good_claims() {
    return {{"iss", "https://id.example"}, {"aud", "foldback"}, {"sub", "ann"}, {"exp", now_seconds + 300}};
}

Json with(const char* name, Json value) {
    auto claims = good_claims();
    claims[name] = std::move(value);
    return claims;
}

Json without(const char* name) {
    auto claims = good_claims();
    claims.erase(name);
    return claims;
}

std::shared_ptr<const std::vector<Key>> shared_keys(std::vector<Key> keys) {
    return std::make_shared<const std::vector<Key>>(std::move(keys));
}

/// An issuer with a key of each kind, and what trusts it.
struct Issuer {
    Signer ed = Signer::ed25519("ed");
    Signer rsa = Signer::rsa("rsa", 2048);
    Signer ec = Signer::p256("ec");
    Signer stranger = Signer::ed25519("ed");
    Signer hmac = Signer::hs256(secret);
    std::string jwks = Json{{"keys", {ed.jwk(), rsa.jwk(), ec.jwk()}}}.dump();
    JwtRules rules{
        .issuer = "https://id.example", .audience = "foldback", .keys = shared_keys(parse_jwks(jwks, "jwks"))};
    JwtRules shared{
        .issuer = "https://id.example", .audience = "foldback", .keys = shared_keys({Key::of_secret(secret)})};
};

const Issuer& issuer() {
    static const Issuer all;
    return all;
}

std::string why_not(const JwtRules& rules, const std::string& token) {
    const auto claims = check_jwt(rules, token, now);
    return claims ? "" : std::string(claims.error().why);
}

/// The same bytes for a lenient decoder: the last letter of 64 bytes has four bits that belong to none of them.
std::string with_spare_bits(std::string token) {
    constexpr std::string_view letters = "AQgw";
    token.back() = static_cast<char>(token.back() + (letters.find(token.back()) == std::string_view::npos ? 0 : 1));
    return token;
}

std::string flip(std::string text, std::size_t at) {
    text[at] = text[at] == 'A' ? 'B' : 'A';
    return text;
}

}  // namespace

TEST_CASE("a JWT that is signed by a known key of any of the four kinds is believed") {
    const auto& all = issuer();

    for (const auto* signer : {&all.ed, &all.rsa, &all.ec}) {
        CAPTURE(signer->algorithm());
        const auto claims = check_jwt(all.rules, signer->token(good_claims()), now);
        REQUIRE(claims.has_value());
        CHECK(claims->subject == "ann");
        CHECK(claims->valid_until == now + std::chrono::seconds(360));
        CHECK(name_of(claims->key->algorithm()) == signer->algorithm());
    }
    CHECK(why_not(all.shared, all.hmac.token(good_claims())).empty());
}

TEST_CASE("what the claims may also be") {
    const auto& all = issuer();

    CHECK(why_not(all.rules, all.ed.token(with("aud", {"other", "foldback"}))).empty());
    CHECK(why_not(all.rules, all.ed.token(with("exp", now_seconds - 59))).empty());
    CHECK(why_not(all.rules, all.ed.token(with("exp", now_seconds + 0.5))).empty());
    CHECK(why_not(all.rules, all.ed.token(with("nbf", now_seconds + 59))).empty());
    CHECK(why_not(all.rules, all.ed.token(R"({"alg":"EdDSA","kid":"ed"})", good_claims().dump())).empty());
    CHECK(
        why_not(all.rules, all.ed.token(R"({"alg":"EdDSA","kid":"ed","typ":"at+JWT"})", good_claims().dump())).empty());
}

TEST_CASE("forty bad JWTs are not believed, each for its own reason") {
    const auto& all = issuer();
    const auto good = all.ed.token(good_claims());
    const auto first = good.find('.');
    const auto last = good.rfind('.');
    const auto claims = good_claims().dump();
    const auto with_header = [&](const char* header) { return all.ed.token(header, claims); };
    const auto unsigned_text = [&](const char* header) { return base64url(header) + "." + base64url(claims) + "."; };
    const auto rs_as_hs = [&] {  // the public key as a secret: the classic confusion of algorithms
        const auto confused = Signer::hs256(all.rsa.jwk()["n"].get<std::string>());
        return confused.token(R"({"alg":"HS256","kid":"rsa"})", claims);
    }();

    const std::vector<std::pair<std::string, std::string>> bad{
        // the form
        {"", "it does not have three parts"},
        {"abc", "it does not have three parts"},
        {good + ".", "it does not have three parts"},
        {good.substr(0, last), "it does not have three parts"},
        {"..", "the header is no unambiguous JSON object"},
        {good + "=", "a part is not base64url"},
        {good.substr(0, first) + "+" + good.substr(first), "a part is not base64url"},
        {good + std::string(max_token_bytes, 'A'), "it is longer than 8 KiB"},
        {with_spare_bits(good), "a part is not base64url"},
        // the header
        {with_header("[]"), "the header is no unambiguous JSON object"},
        {with_header("{"), "the header is no unambiguous JSON object"},
        {with_header(R"({"alg":"EdDSA","alg":"none","kid":"ed"})"), "the header is no unambiguous JSON object"},
        {with_header(R"({"kid":"ed"})"), "no key is for this header"},
        {with_header(R"({"alg":"EdDSA"})"), "no key is for this header"},
        {with_header(R"({"alg":"EdDSA","kid":"ED"})"), "no key is for this header"},
        {with_header(R"({"alg":"EdDSA","kid":7})"), "no key is for this header"},
        {with_header(R"({"alg":"EdDSA","kid":"../../ed"})"), "no key is for this header"},
        {unsigned_text(R"({"alg":"none"})"), "no key is for this header"},
        {unsigned_text(R"({"alg":"none","kid":"ed"})"), "no key is for this header"},
        {unsigned_text(R"({"alg":"NoNe","kid":"ed"})"), "no key is for this header"},
        {with_header(R"({"alg":"ES256","kid":"ed"})"), "no key is for this header"},
        {with_header(R"({"alg":"HS256","kid":"ed"})"), "no key is for this header"},
        {rs_as_hs, "no key is for this header"},
        {with_header(R"({"alg":"EdDSA","kid":"ed","jku":"https://evil.example/keys"})"), "no key is for this header"},
        {all.stranger.token(Json{{"alg", "EdDSA"}, {"kid", "ed"}, {"jwk", all.stranger.jwk()}}.dump(), claims),
         "no key is for this header"},
        {with_header(R"({"alg":"EdDSA","kid":"ed","x5u":"https://evil.example"})"), "no key is for this header"},
        {with_header(R"({"alg":"EdDSA","kid":"ed","crit":["exp"]})"), "no key is for this header"},
        {with_header(R"({"alg":"EdDSA","kid":"ed","typ":"secevent+jwt"})"), "no key is for this header"},
        // the signature
        {all.stranger.token(good_claims()), "the signature does not hold"},
        {unsigned_text(R"({"alg":"EdDSA","kid":"ed"})"), "the signature does not hold"},
        {flip(good, last + 1), "the signature does not hold"},
        {flip(good, first + 5), "the signature does not hold"},
        // the claims
        {all.ed.token(R"({"alg":"EdDSA","kid":"ed"})", R"(["sub"])"), "the claims are no unambiguous JSON object"},
        {all.ed.token(R"({"alg":"EdDSA","kid":"ed"})", R"({"sub":"ann","sub":"bob"})"),
         "the claims are no unambiguous JSON object"},
        {all.ed.token(without("exp")), "it has no expiry, or has expired"},
        {all.ed.token(with("exp", now_seconds - 60)), "it has no expiry, or has expired"},
        {all.ed.token(with("exp", "2027-01-01")), "it has no expiry, or has expired"},
        {all.ed.token(with("exp", 1e300)), "it has no expiry, or has expired"},
        {all.ed.token(with("nbf", now_seconds + 61)), "it is not valid yet"},
        {all.ed.token(with("iat", now_seconds + 61)), "it was issued in the future"},
        {all.ed.token(without("iss")), "it is of another issuer"},
        {all.ed.token(with("iss", "https://id.example/")), "it is of another issuer"},
        {all.ed.token(without("aud")), "it is for another audience"},
        {all.ed.token(with("aud", {"foldback", 1})), "it is for another audience"},
        {all.ed.token(with("aud", "foldback2")), "it is for another audience"},
        {all.ed.token(without("sub")), "its subject is not 1 to 256 printable bytes"},
        {all.ed.token(with("sub", "a b")), "its subject is not 1 to 256 printable bytes"},
    };

    MESSAGE(bad.size(), " bad tokens");
    CHECK(bad.size() >= 40);
    for (const auto& [token, why] : bad) {
        const auto& tried = token;  // clang 14 lets no lambda have a structured binding
        CAPTURE(tried);
        CHECK(why_not(all.rules, token) == why);
    }
}

TEST_CASE("a token of which anything was changed is not believed") {
    const auto& all = issuer();
    const std::vector<std::pair<const JwtRules*, std::string>> good{
        {&all.rules, all.ed.token(good_claims())},
        {&all.rules, all.ec.token(good_claims())},
        {&all.shared, all.hmac.token(good_claims())},
    };
    constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ ";
    const auto count = 3'000 * test::number_from("FOLDBACK_ROUNDS", 1);
    std::mt19937_64 random(test::number_from("FOLDBACK_SEED", 1));
    for (std::uint64_t i = 0; i < count; ++i) {
        const auto& [rules, token] = good[i % good.size()];
        auto changed = token;
        const auto at = random() % changed.size();
        const char letter = letters[random() % letters.size()];
        switch (random() % 4) {
            case 0: changed.insert(at, 1, letter); break;
            case 1: changed.erase(at, 1 + random() % 4); break;
            case 2: std::swap(changed[at], changed[random() % changed.size()]); break;
            default: changed[at] = letter; break;
        }
        CAPTURE(changed);
        CHECK(check_jwt(*rules, changed, now).has_value() == (changed == token));
    }
    MESSAGE(count, " bad tokens");
}

TEST_CASE("a shared secret believes only what is signed with it") {
    const auto& all = issuer();

    CHECK(why_not(all.shared, Signer::hs256(secret + "!").token(good_claims())) == "the signature does not hold");
    CHECK(why_not(all.shared, all.ed.token(R"({"alg":"EdDSA"})", good_claims().dump())) == "no key is for this header");
    CHECK_THROWS_AS((void)Key::of_secret(std::string(31, 'x')), AccessError);
}

TEST_CASE("a set of keys with a weak, private or repeated key is refused whole, others are left out") {
    const auto& all = issuer();
    const auto set_of = [](std::vector<Json> keys) { return Json{{"keys", std::move(keys)}}.dump(); };
    auto private_key = all.ed.jwk();
    private_key["d"] = "AAAA";
    auto broken = all.ec.jwk();
    broken["y"] = broken["x"];
    auto for_encryption = all.ec.jwk();
    for_encryption["use"] = "enc";
    auto other_algorithm = all.rsa.jwk();
    other_algorithm["alg"] = "PS256";
    const Json symmetric{{"kty", "oct"}, {"k", "AAAA"}, {"kid", "oct"}};
    const Json other_curve{{"kty", "EC"}, {"crv", "P-384"}, {"x", "AA"}, {"y", "AA"}, {"kid", "p384"}};

    for (const auto& keys : {set_of({Signer::rsa("weak", 1024).jwk()}), set_of({private_key}), set_of({symmetric}),
                             set_of({all.ed.jwk(), all.stranger.jwk()}), set_of({broken}), set_of({}),
                             set_of({for_encryption}), std::string("{}"), std::string("[]"), std::string("nonsense")}) {
        CAPTURE(keys);
        CHECK_THROWS_AS((void)parse_jwks(keys, "jwks"), AccessError);
    }
    CHECK(parse_jwks(set_of({for_encryption, other_algorithm, other_curve, all.ed.jwk()}), "jwks").size() == 1);
}

TEST_CASE("JSON that two parsers could read differently is no JSON here") {
    CHECK(parse_strict(R"({"a":{"b":1},"c":[{"b":1},{"b":2}]})"));
    for (const auto* text : {"", "{", R"({"a":1,"a":1})", R"([{"x":{"a":1,"\u0061":2}}])", "\xEF\xBB\xBF{} x",
                             "{\"a\":\"\xFF\"}", "[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_strict(text));
    }
}
