#include "protocol/event_text.hpp"

#include <algorithm>

#include "protocol/base64.hpp"

namespace foldback::server::protocol {

namespace {

/// The next byte of one kind, remembered until it is passed, so that a text is searched once for each kind.
class NextByte {
public:
    NextByte(char byte, std::string_view text) : byte_(byte), text_(text) {}

    std::size_t at_or_after(std::size_t index) {
        if (!searched_ || found_ < index) {
            found_ = text_.find(byte_, index);
            searched_ = true;
        }
        return found_;
    }

private:
    char byte_;
    std::string_view text_;
    std::size_t found_ = 0;
    bool searched_ = false;
};

}  // namespace

void DataEvent::text(std::string_view bytes) {
    if (bytes.empty()) return;
    std::size_t begin = after_cr_ && bytes.front() == '\n' ? 1 : 0;
    after_cr_ = false;
    NextByte line_feed('\n', bytes);
    NextByte carriage_return('\r', bytes);
    while (begin != bytes.size()) {
        const auto end = std::min(line_feed.at_or_after(begin), carriage_return.at_or_after(begin));
        if (end == std::string_view::npos) {
            put(bytes.substr(begin));
            return;
        }
        put(bytes.substr(begin, end - begin));
        end_line();
        begin = end + 1;
        if (bytes[end] == '\n') continue;
        if (begin == bytes.size()) {
            after_cr_ = true;
        } else if (bytes[begin] == '\n') {
            ++begin;
        }
    }
}

void DataEvent::end() {
    end_line();
    out_.push_back('\n');
}

void DataEvent::put(std::string_view line_part) {
    if (line_part.empty()) return;
    if (at_line_start_) {
        out_.append("data:");
        // A parser drops one space after the colon.
        if (line_part.front() == ' ') out_.push_back(' ');
        at_line_start_ = false;
    }
    out_.append(line_part);
}

void DataEvent::end_line() {
    out_.append(at_line_start_ ? "data:\n" : "\n");
    at_line_start_ = true;
}

void write_base64_event(std::string& out, std::string_view bytes) {
    out.append("event: data\ndata:");
    append_base64(out, bytes);
    out.append("\n\n");
}

void write_control_event(std::string& out, const Control& control) {
    out.append(R"(event: control)"
               "\n"
               R"(data:{"streamNextOffset":")")
        .append(control.next_offset)
        .push_back('"');
    if (control.cursor && !control.closed) {
        out.append(R"(,"streamCursor":")").append(std::to_string(*control.cursor)).push_back('"');
    }
    if (control.up_to_date) out.append(R"(,"upToDate":true)");
    if (control.closed) out.append(R"(,"streamClosed":true)");
    out.append("}\n\n");
}

std::size_t incomplete_end(std::string_view text) noexcept {
    if (text.ends_with('\r')) return 1;
    const auto longest = std::min<std::size_t>(3, text.size());
    for (std::size_t size = 1; size <= longest; ++size) {
        const auto byte = static_cast<unsigned char>(text[text.size() - size]);
        if (byte < 0x80) return 0;
        if (byte < 0xC0) continue;
        const std::size_t character = byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
        return size < character ? size : 0;
    }
    return 0;
}

}  // namespace foldback::server::protocol
