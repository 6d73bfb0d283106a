#include "subscriptions/signing_keys.hpp"

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

using namespace foldback;
using namespace foldback::server::subscriptions;

namespace {

namespace fs = std::filesystem;

constexpr Timestamp now{std::chrono::milliseconds{1'700'000'000'000}};

struct Directory {
    Directory() : path(fs::temp_directory_path() / ("foldback-keys-" + new_wake_id())) { fs::create_directory(path); }
    ~Directory() { fs::remove_all(path); }
    [[nodiscard]] fs::path file() const { return path / "keys.json"; }

    fs::path path;
};

std::string from_base64url(std::string text) {
    for (auto& byte : text) byte = byte == '-' ? '+' : byte == '_' ? '/' : byte;
    while (text.size() % 4 != 0) text.push_back('=');
    std::string bytes(text.size(), '\0');
    const auto padding = static_cast<std::size_t>(std::count(text.begin(), text.end(), '='));
    const auto size =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    REQUIRE(size >= 0);
    bytes.resize(static_cast<std::size_t>(size) - padding);
    return bytes;
}

/// As a receiver does it: the key from the set by its id, the signature over the time and the body.
bool verifies(const std::string& jwks, const std::string& header, const std::string& body) {
    const auto part = [&header](const std::string& name) {
        const auto begin = header.find(name + "=") + name.size() + 1;
        return header.substr(begin, header.find(',', begin) - begin);
    };
    const auto set = nlohmann::json::parse(jwks);
    for (const auto& key : set["keys"]) {
        if (key["kid"] != part("kid")) continue;
        const auto x = from_base64url(key["x"]);
        auto* pair = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr,
                                                 reinterpret_cast<const unsigned char*>(x.data()), x.size());
        auto* context = EVP_MD_CTX_new();
        const auto signature = from_base64url(part("ed25519"));
        const auto message = part("t") + "." + body;
        EVP_DigestVerifyInit(context, nullptr, nullptr, nullptr, pair);
        const auto result =
            EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                             reinterpret_cast<const unsigned char*>(message.data()), message.size());
        EVP_MD_CTX_free(context);
        EVP_PKEY_free(pair);
        return result == 1;
    }
    return false;
}

}  // namespace

TEST_SUITE("signing keys") {
    TEST_CASE("a receiver verifies a signature with the published key, and nothing else with it") {
        const auto keys = Keys::generate();
        const auto header = keys.signature_of("{\"a\":1}", now);

        CHECK(header.starts_with("t=1700000000,kid=ds_"));
        CHECK(verifies(keys.jwks(now), header, "{\"a\":1}"));
        CHECK(!verifies(keys.jwks(now), header, "{\"a\":2}"));
        CHECK(!verifies(Keys::generate().jwks(now), header, "{\"a\":1}"));
    }

    TEST_CASE("keys are the same after a restart, and for their owner alone") {
        const Directory directory;
        const auto first = load_keys(directory.file(), Rotation::keep, now);
        const auto again = load_keys(directory.file(), Rotation::keep, now);

        CHECK(again.active.kid() == first.active.kid());
        CHECK(again.tokens == first.tokens);
        struct stat status {};
        REQUIRE(::stat(directory.file().c_str(), &status) == 0);
        CHECK((status.st_mode & 07777) == 0600);
        CHECK(!fs::exists(directory.path / "keys.json.new"));
    }

    TEST_CASE("after a rotation the new key signs and the old one stays published for a week") {
        const Directory directory;
        const auto before = load_keys(directory.file(), Rotation::keep, now);
        const auto signed_before = before.signature_of("x", now);

        const auto after = load_keys(directory.file(), Rotation::rotate, now);
        const auto restarted = load_keys(directory.file(), Rotation::keep, now);

        CHECK(after.active.kid() != before.active.kid());
        CHECK(restarted.active.kid() == after.active.kid());
        CHECK(after.tokens == before.tokens);
        CHECK(verifies(restarted.jwks(now), signed_before, "x"));
        CHECK(verifies(restarted.jwks(now), after.signature_of("x", now), "x"));
        CHECK(!verifies(restarted.jwks(now + publish_retired_for), signed_before, "x"));
    }

    TEST_CASE("a process that died while it wrote the file leaves one that can be replaced") {
        const Directory directory;
        std::ofstream(directory.path / "keys.json.new") << "{\"ver";

        const auto keys = load_keys(directory.file(), Rotation::keep, now);

        CHECK(load_keys(directory.file(), Rotation::keep, now).active.kid() == keys.active.kid());
    }

    TEST_CASE("keys that cannot be read, or can be read by others, are an error and never replaced") {
        const Directory directory;
        const auto kept = load_keys(directory.file(), Rotation::keep, now).active.kid();
        fs::permissions(directory.file(), fs::perms::owner_read | fs::perms::group_read);
        CHECK_THROWS_WITH_AS((void)load_keys(directory.file(), Rotation::rotate, now), doctest::Contains("chmod 600"),
                             std::runtime_error);
        fs::permissions(directory.file(), fs::perms::owner_all);
        fs::permissions(directory.file(), fs::perms::owner_read | fs::perms::owner_write);
        CHECK(load_keys(directory.file(), Rotation::keep, now).active.kid() == kept);

        for (const auto* text :
             {"", "{}", "{\"version\":1,\"active\":\"12\",\"retired\":[],\"tokens\":\"34\"}", "nonsense"}) {
            CAPTURE(text);
            std::ofstream(directory.file(), std::ios::trunc) << text;
            CHECK_THROWS_AS((void)load_keys(directory.file(), Rotation::keep, now), std::runtime_error);
        }
    }
}
