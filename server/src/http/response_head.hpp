#pragma once

#include <array>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

#include "foldback/server/http_message.hpp"

namespace foldback::server::http {

/// The reason phrase of a status; "Unknown" when it has none.
[[nodiscard]] std::string_view reason_phrase(unsigned status) noexcept;

/// The value of `Date`, written anew when the second changes.
class DateText {
public:
    /// Valid until the next call.
    [[nodiscard]] std::string_view at(std::time_t now) noexcept;

private:
    std::time_t second_ = -1;
    std::array<char, 29> text_{};
};

/// How the end of a response's body is told.
enum class BodyEnd : std::uint8_t {
    length,   ///< content-length
    chunked,  ///< transfer-encoding
    close,    ///< the connection's end
    none,     ///< there is no body: HEAD, 204, 304
};

struct ResponseContext {
    bool to_head = false;  ///< answers HEAD
    bool to_http_1_0 = false;
    bool keep_alive = true;  ///< the connection goes on after it
    std::string_view date{};
};

/// How the body of a whole response ends.
[[nodiscard]] BodyEnd body_end(const Response& response, bool to_head) noexcept;

/// Appends the status line, the headers and the empty line. False, with `out` as it was, when a header's name or value
/// has a byte that would end it early.
[[nodiscard]] bool append_head(std::string& out, const Response& response, BodyEnd end, const ResponseContext& context);

}  // namespace foldback::server::http
