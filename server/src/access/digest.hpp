#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace foldback::server::access {

using Digest = std::array<unsigned char, 32>;

/// Throws std::runtime_error when OpenSSL fails.
[[nodiscard]] Digest sha256(std::string_view text);

/// Takes the same time wherever they differ.
[[nodiscard]] bool same_digest(const Digest& left, const Digest& right) noexcept;

/// 64 hexadecimal digits.
[[nodiscard]] std::optional<Digest> digest_of_hex(std::string_view text);

/// The bytes of a base64url text without padding (RFC 4648 §5); nothing when it is not the one text for its bytes.
[[nodiscard]] std::optional<std::string> base64url_decode(std::string_view text);

}  // namespace foldback::server::access
