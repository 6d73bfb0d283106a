#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// The few things that OpenSSL does for subscriptions. All throw std::runtime_error when it fails.
namespace foldback::server::subscriptions {

using Secret = std::array<unsigned char, 32>;

[[nodiscard]] Secret random_secret();
/// A name that no other wake ever had: `w_` and 128 random bits.
[[nodiscard]] std::string new_wake_id();

[[nodiscard]] std::string sha256(std::string_view text);      ///< 32 bytes
[[nodiscard]] std::string sha256_hex(std::string_view text);  ///< 64 digits
[[nodiscard]] std::string hmac_sha256(const Secret& key, std::string_view text);
/// In a time that does not tell where they differ.
[[nodiscard]] bool same_secret(std::string_view left, std::string_view right) noexcept;

[[nodiscard]] std::string to_hex(std::string_view bytes);
[[nodiscard]] std::string base64url(std::string_view bytes);  ///< RFC 4648 §5, unpadded

}  // namespace foldback::server::subscriptions
