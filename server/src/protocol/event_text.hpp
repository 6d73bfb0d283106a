#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace foldback::server::protocol {

/// Writes one SSE data event (PROTOCOL §5.8) for a parser of the HTML standard: text in any number of parts, then
/// `end`. A parser takes CR, LF and CRLF for the end of a line and joins lines by LF. So every line end of the text
/// begins another `data:` line, no text can forge a field or an event, and CR and CRLF arrive as LF; all other bytes
/// arrive as they are.
class DataEvent {
public:
    explicit DataEvent(std::string& out) : out_(out) { out_.append("event: data\n"); }

    void text(std::string_view bytes);
    void end();

private:
    void put(std::string_view line_part);
    void end_line();

    std::string& out_;
    bool after_cr_ = false;  ///< an LF that comes first is the rest of a line end
    bool at_line_start_ = true;
};

/// Writes a data event that carries bytes as base64 (RFC 4648) on one line.
void write_base64_event(std::string& out, std::string_view bytes);

/// What a control event says.
struct Control {
    std::string_view next_offset;
    std::optional<std::uint64_t> cursor;
    bool up_to_date = false;
    bool closed = false;
};

void write_control_event(std::string& out, const Control& control);

/// How many bytes at the end of `text` begin a UTF-8 character that is not complete, or a CRLF that may not be; 0 to 3.
[[nodiscard]] std::size_t incomplete_end(std::string_view text) noexcept;

}  // namespace foldback::server::protocol
