#include <cstddef>
#include <cstdint>
#include <string_view>

#include "access/policy.hpp"
#include "foldback/server/access.hpp"
#include "fuzz/fuzz.hpp"

using namespace foldback;
using namespace foldback::server;
using namespace foldback::server::access;

namespace {

const JwtRules& rules() {
    static const JwtRules all{
        .issuer = "i",
        .audience = "a",
        .keys = std::make_shared<const std::vector<Key>>(parse_jwks(
            R"({"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})",
            "keys"))};
    return all;
}

/// A file that is accepted answers every question about it.
void read_policy(std::string_view text) {
    if (text.find("_file") != std::string_view::npos) return;  // it would have other files read
    const auto policy = Policy::parse(text, "/nowhere");
    bool is_key_missing = false;
    fuzz::require(policy.of_token(text, Timestamp{}, is_key_missing) == nullptr, "a file is no token");
    const auto& everybody = policy.anonymous();
    if (!everybody) return;
    fuzz::require(policy.still_says(*everybody), "a principal does not hold though nothing changed");
    for (const auto& prefix : everybody->prefixes(Verb::read)) {
        fuzz::require(prefix.size() <= text.size(), "a prefix is longer than its glob");
    }
    (void)everybody->may(Verb::read, text.substr(0, 100));
}

}  // namespace

// Whatever text is given as an access file, a set of keys or a token is read or refused with an AccessError; and no
// token is believed that is not signed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = fuzz::text_of(data, size);
    fuzz::require(!check_jwt(rules(), text, Timestamp{}), "a token is believed that nobody signed");
    try {
        (void)parse_jwks(text, "keys");
    } catch (const AccessError&) {
    }
    try {
        read_policy(text);
    } catch (const AccessError&) {
    }
    return 0;
}
