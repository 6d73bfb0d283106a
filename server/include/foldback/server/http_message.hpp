#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foldback/store/types.hpp"

/// HTTP as the protocol sees it: plain values, no sockets, no library types.
namespace foldback::server {

class Principal;

/// Who is at the other end of a connection.
struct Peer {
    /// What is counted as one: an IPv4 address (mapped into IPv6), or the /64 of an IPv6 address.
    std::array<std::uint8_t, 16> network{};
    bool is_loopback = false;
    /// Of its verified certificate (TLS): the subject alternative names, as `DNS:…` and `URI:…`.
    std::vector<std::string> certificate_names{};
    Timestamp certificate_expires{};
};

enum class Method : std::uint8_t { get, head, post, put, remove, options, other };

/// A whole request. Header names are lower case; repeated headers occur repeatedly, in order.
struct Request {
    Method method = Method::get;
    std::string target;  ///< path and query, still percent-encoded
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::string request_id;
    std::shared_ptr<const Peer> peer;            ///< null when it did not come through a socket
    std::shared_ptr<const Principal> principal;  ///< null when nobody asked who sent it

    /// The value of a header that occurs exactly once; null when it is absent. `name` is lower case. A header that
    /// occurs twice yields its first value here; operations that care refuse it by `count`.
    [[nodiscard]] const std::string* header(std::string_view name) const noexcept;
    [[nodiscard]] std::size_t count(std::string_view name) const noexcept;
};

/// Part of a body: bytes that `owner` keeps alive.
struct Piece {
    std::string_view bytes;
    std::shared_ptr<const void> owner;
};

/// A whole response. `pieces` is sent after `text`; content-length, date, server and connection headers are the
/// connection's business.
struct Response {
    unsigned status = 200;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string text;
    std::vector<Piece> pieces;

    [[nodiscard]] std::size_t body_bytes() const noexcept {
        auto total = text.size();
        for (const auto& piece : pieces) total += piece.bytes.size();
        return total;
    }
    void set(std::string_view name, std::string value) { headers.emplace_back(name, std::move(value)); }
};

}  // namespace foldback::server
