#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "foldback/server/http_message.hpp"
#include "http/refusal.hpp"

namespace foldback::server::http {

struct HeadLimits {
    std::size_t request_line_bytes = 8 << 10;
    std::size_t header_bytes = 16 << 10;
    std::size_t header_fields = 100;
};

/// How a request is framed, and what it asks of the connection.
struct RequestFraming {
    Method method = Method::get;
    bool http_1_0 = false;
    bool keep_alive = true;
    bool expects_continue = false;
    bool chunked = false;
    std::uint64_t content_length = 0;

    [[nodiscard]] bool has_body() const noexcept { return chunked || content_length != 0; }
};

/// The framing gate: reads one request head (RFC 9112) and refuses every head that two parsers could read differently.
///
/// Refused beyond what the grammar refuses: obsolete line folding, a bare CR or LF, Content-Length that is repeated or
/// not plain digits, Transfer-Encoding that is not exactly `chunked`, both of them, either Host or Content-Length
/// twice, Transfer-Encoding in HTTP/1.0.
///
/// The outcome depends on the bytes only, not on how they were divided into calls.
class HeadParser {
public:
    explicit HeadParser(HeadLimits limits) : limits_(limits) {}

    enum class Outcome : std::uint8_t { incomplete, complete, refused };

    /// `input` is all that has come since the head's first byte; it may lie elsewhere than in the call before.
    [[nodiscard]] Outcome feed(std::string_view input);

    /// After `complete`: the size of the head in bytes.
    [[nodiscard]] std::size_t size() const noexcept { return position_; }
    [[nodiscard]] const RequestFraming& framing() const noexcept { return framing_; }
    /// After `complete`, with the same input: the request without its body. An absolute target is reduced to its path.
    [[nodiscard]] Request request(std::string_view input) const;
    /// After `refused`.
    [[nodiscard]] const Refusal& refusal() const noexcept { return refusal_; }

    /// Ready for the next head.
    void reset() noexcept;

    /// The most bytes a head may have.
    [[nodiscard]] static std::size_t max_size(const HeadLimits& limits) noexcept {
        return limits.request_line_bytes + limits.header_bytes + 4;  // a leading CRLF and the request line's own
    }

private:
    struct Span {
        std::uint32_t begin = 0;
        std::uint32_t size = 0;
        [[nodiscard]] std::string_view of(std::string_view input) const { return input.substr(begin, size); }
    };
    struct Field {
        Span name;
        Span value;
    };

    Outcome refuse(unsigned status, std::string_view code, std::string_view detail) noexcept;
    bool too_long(std::size_t line_end) noexcept;
    bool read_request_line(std::string_view input, std::size_t end);
    bool read_target(std::string_view input, Span target);
    bool read_field(std::string_view input, std::size_t end);
    bool read_known_field(std::string_view name, std::string_view value, Span span);
    bool finish(std::string_view input);
    bool bad(std::string_view detail) noexcept;

    HeadLimits limits_;
    std::size_t position_ = 0;       ///< the first byte of the line being read
    std::size_t scanned_ = 0;        ///< no line feed before this
    std::size_t headers_begin_ = 0;  ///< the byte after the request line; 0: the request line is not read yet
    Span target_;
    Span authority_;  ///< of an absolute target
    Span host_;
    std::uint8_t hosts_ = 0;
    bool has_content_length_ = false;
    bool has_transfer_encoding_ = false;
    bool asks_close_ = false;
    bool asks_keep_alive_ = false;
    std::vector<Field> fields_;
    RequestFraming framing_;
    Refusal refusal_;
};

}  // namespace foldback::server::http
