#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// A response as a strict parser (Boost.Beast's) read it.
struct ReceivedResponse {
    unsigned status = 0;
    bool http_1_0 = false;
    bool keep_alive = false;
    bool chunked = false;
    std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
    std::string body;

    /// The value of a header; "(none)" when it is absent.
    [[nodiscard]] std::string header(std::string_view name) const;
};

/// A client that sends exactly the bytes it is told to. Every wait is bounded; a wait in vain throws.
class RawClient {
public:
    explicit RawClient(std::uint16_t port);
    /// With a small receive buffer, to be a slow reader.
    RawClient(std::uint16_t port, int receive_buffer_bytes);
    RawClient(RawClient&& other) noexcept;
    RawClient& operator=(RawClient&&) = delete;
    ~RawClient();

    /// Throws when the server has closed.
    void send(std::string_view bytes);
    /// Sends what it can; false when the server has closed.
    bool try_send(std::string_view bytes);
    /// The next response; to a HEAD request it has no body whatever its headers say.
    [[nodiscard]] ReceivedResponse receive(bool to_head = false);
    [[nodiscard]] ReceivedResponse get(std::string_view target);
    /// Exactly so many bytes, as they come.
    [[nodiscard]] std::string receive_bytes(std::size_t count);
    /// Everything up to and including `end`.
    [[nodiscard]] std::string receive_until(std::string_view end);
    /// Everything until the server closes.
    [[nodiscard]] std::string receive_all();
    /// Whether the server closes without another byte.
    [[nodiscard]] bool is_closed();
    void finish_sending();
    void disconnect();
    /// Disconnects with a reset.
    void reset();

private:
    [[nodiscard]] bool fill();

    int socket_ = -1;
    std::string unread_;
};
