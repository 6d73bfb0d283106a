#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "foldback/store/types.hpp"

struct ssl_st;

namespace foldback::server::http {

/// TLS over one socket, which it does not own and never waits for.
class TlsSession {
public:
    /// Takes the session over.
    explicit TlsSession(ssl_st* session) noexcept : session_(session) {}
    TlsSession(const TlsSession&) = delete;
    TlsSession& operator=(const TlsSession&) = delete;
    ~TlsSession();

    enum class Handshake : std::uint8_t { done, wants_to_read, wants_to_write, failed };
    [[nodiscard]] Handshake shake_hands() noexcept;

    // As Wire's.
    [[nodiscard]] std::optional<std::size_t> receive(char* into, std::size_t size) noexcept;
    [[nodiscard]] std::optional<std::size_t> send(std::span<const iovec> parts) noexcept;
    [[nodiscard]] bool has_pending() const noexcept;

    /// Tells the peer that nothing follows, so that it can tell the end from a cut.
    void say_goodbye() noexcept;

    /// Of the peer's verified certificate: its names as `DNS:…` and `URI:…`, and its end. Empty without one.
    [[nodiscard]] std::vector<std::string> peer_names() const;
    [[nodiscard]] Timestamp peer_expiry() const noexcept;

private:
    [[nodiscard]] std::optional<std::size_t> outcome_of(int result) noexcept;

    ssl_st* session_;
    bool broken_ = true;  ///< nothing may be said any more, or not yet
};

}  // namespace foldback::server::http
