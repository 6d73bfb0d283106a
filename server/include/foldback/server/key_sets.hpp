#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>

/// Where the keys of an issuer of JWTs come from when an access file names a URL (`jwks_url`).
namespace foldback::server {

/// A JWK set somewhere else.
struct KeySetUrl {
    std::string url;
    std::filesystem::path ca_file{};  ///< PEM: authorities to trust besides the system's; empty: none

    friend bool operator==(const KeySetUrl&, const KeySetUrl&) = default;
};

/// Gets JWK sets. Any thread.
class KeySets {
public:
    virtual ~KeySets() = default;

    /// Why a URL is not asked; empty when it may be.
    [[nodiscard]] virtual std::string problem_with(const KeySetUrl& from) const = 0;

    /// The bytes that are there now. Waits for them, for a bounded time, and ends early when `stop` is requested. Throws
    /// std::runtime_error.
    [[nodiscard]] virtual std::string fetch(const KeySetUrl& from, std::stop_token stop) = 0;
};

struct KeySetOptions {
    /// URLs may name this machine, also over http: for development.
    bool allow_local = false;
    std::chrono::milliseconds timeout{10'000};
    std::size_t max_bytes = 256 << 10;
};

/// Key sets by https from public addresses: like webhooks, each request goes to an address that was looked at, follows
/// no redirect and uses no proxy.
[[nodiscard]] std::shared_ptr<KeySets> key_sets_by_https(KeySetOptions options = {});

}  // namespace foldback::server
