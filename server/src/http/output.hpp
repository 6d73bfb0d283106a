#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "foldback/server/http_message.hpp"
#include "http/wire.hpp"

namespace foldback::server::http {

/// What is to be sent next: a text, a body, pieces and an ending; gathered by the system call, copied only when small.
class Output {
public:
    enum class Progress : std::uint8_t { done, blocked, failed };

    /// Starts anew; the text to fill with head and framing. Only when nothing is left to send.
    [[nodiscard]] std::string& begin();
    void body(std::string text);
    void pieces(std::vector<Piece> pieces);
    /// `text` must outlive the sending.
    void ending(std::string_view text) { ending_ = text; }

    /// Sends as much as the wire takes without waiting.
    [[nodiscard]] Progress send(Wire& wire);

    /// Bytes sent since `begin`.
    [[nodiscard]] std::uint64_t sent() const noexcept { return sent_; }
    /// Lets go of what was sent. Large buffers are given back.
    void clear();
    /// The same, and gives all memory back: nothing will be sent for a while.
    void release();

private:
    [[nodiscard]] std::size_t parts() const noexcept { return pieces_.size() + 3; }
    [[nodiscard]] std::string_view part(std::size_t index) const noexcept;
    void advance(std::size_t bytes) noexcept;

    std::string head_;
    std::string body_;
    std::vector<Piece> pieces_;
    std::string_view ending_;
    std::size_t current_ = 0;  ///< the part that is being sent
    std::size_t offset_ = 0;   ///< in it
    std::uint64_t sent_ = 0;
};

}  // namespace foldback::server::http
