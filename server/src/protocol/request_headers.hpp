#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "foldback/server/http_message.hpp"
#include "protocol/problem.hpp"

namespace foldback::server::protocol {

/// The request headers that the protocol knows.
enum class Header : std::uint8_t {
    accept_encoding,
    authorization,
    content_encoding,
    content_type,
    host,
    if_match,
    if_none_match,
    prefer,
    producer_epoch,
    producer_id,
    producer_seq,
    stream_closed,
    stream_expires_at,
    stream_fork_offset,
    stream_fork_sub_offset,
    stream_forked_from,
    stream_seq,
    stream_truncate_before,
    stream_ttl,
    x_forwarded_proto,
};
inline constexpr std::size_t header_count = static_cast<std::size_t>(Header::x_forwarded_proto) + 1;

[[nodiscard]] std::string_view name_of(Header header) noexcept;

/// The known headers of one request, found in one pass. Views into the request.
class RequestHeaders {
public:
    explicit RequestHeaders(const Request& request) noexcept;

    /// Null when the header is absent.
    [[nodiscard]] const std::string* operator[](Header header) const noexcept {
        return first_[static_cast<std::size_t>(header)];
    }
    [[nodiscard]] bool has(Header header) const noexcept { return (*this)[header] != nullptr; }

    /// A problem when a header that has one value occurs twice, so that nobody can read it in two ways.
    [[nodiscard]] std::optional<Problem> repetition() const;

private:
    std::array<const std::string*, header_count> first_{};
    std::optional<Header> repeated_;
};

}  // namespace foldback::server::protocol
