#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "foldback/server/api.hpp"
#include "foldback/store/stream_store.hpp"
#include "protocol/problem.hpp"
#include "protocol/request_headers.hpp"

namespace foldback::server::protocol {

/// The largest integer that JavaScript represents exactly: 2^53-1.
inline constexpr std::uint64_t max_safe_integer = (std::uint64_t{1} << 53) - 1;

/// The longest sliding expiry: ten years.
inline constexpr std::uint64_t max_ttl_seconds = 10ull * 365 * 24 * 3600;

/// 1 to 256 printable bytes: what a producer's id and a Stream-Seq may be.
[[nodiscard]] bool is_short_text(std::string_view text) noexcept;

/// A decimal number without sign, blanks or leading zeros, not greater than `max`; the whole of `text`.
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t max = max_safe_integer);

/// Whether a Stream-Closed header says so: only `true`, in any case (PROTOCOL §4.1).
[[nodiscard]] bool is_closed_marker(const std::string* value) noexcept;

/// A media type with optional parameters, at most 256 printable bytes.
[[nodiscard]] bool is_content_type(std::string_view text) noexcept;

/// Content-Type, Stream-TTL and Stream-Expires-At (PROTOCOL §5.1). An absent content type stays empty.
[[nodiscard]] Parsed<StreamConfig> parse_config(const RequestHeaders& headers);

/// The producer triple, all or nothing (PROTOCOL §5.2.1).
[[nodiscard]] Parsed<std::optional<Producer>> parse_producer(const RequestHeaders& headers);

/// Stream-Seq: 1 to 256 printable bytes.
[[nodiscard]] Parsed<std::optional<std::string>> parse_stream_seq(const RequestHeaders& headers);

/// The messages of a JSON body. Problems: 400 when it is not JSON, 413 when there are too many.
[[nodiscard]] Parsed<Messages> parse_json_body(std::string_view body, const ApiOptions& options);

/// A problem (415) when the body is encoded: bodies are stored as they come.
[[nodiscard]] std::optional<Problem> encoded_body(const RequestHeaders& headers);

}  // namespace foldback::server::protocol
