#pragma once

#include <compare>
#include <string>
#include <string_view>

namespace foldback::client {

/// A place in a stream as its server names it: an opaque token (PROTOCOL §8). Save `text()` to resume there later.
/// Offsets of one stream compare as their texts do; anything else about them is the server's business.
class Offset {
public:
    static constexpr std::size_t max_bytes = 1024;

    /// The beginning of the stream.
    Offset() : text_("-1") {}
    /// Throws std::invalid_argument when no server can have made this token: it is empty, longer than `max_bytes`, or
    /// contains blanks, control bytes or one of `,&=?/"`.
    explicit Offset(std::string_view token);

    [[nodiscard]] static Offset beginning() { return {}; }
    /// The tail, wherever it is when the server reads this: only what comes later is read.
    [[nodiscard]] static Offset now() { return Offset("now"); }

    [[nodiscard]] const std::string& text() const noexcept { return text_; }

    friend auto operator<=>(const Offset&, const Offset&) = default;

private:
    std::string text_;
};

}  // namespace foldback::client
