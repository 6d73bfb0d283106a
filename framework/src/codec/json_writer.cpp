#include "foldback/core/json_writer.hpp"

#include <charconv>
#include <cmath>
#include <stdexcept>

#include <simdjson.h>

#include "foldback/core/plain_text.hpp"

namespace foldback {

namespace {

void append_escaped(std::string& out, unsigned char byte) {
    constexpr char hex[] = "0123456789abcdef";
    switch (byte) {
        case '"': out += "\\\""; break;
        case '\\': out += "\\\\"; break;
        case '\n': out += "\\n"; break;
        case '\r': out += "\\r"; break;
        case '\t': out += "\\t"; break;
        case '\b': out += "\\b"; break;
        case '\f': out += "\\f"; break;
        default:
            out += "\\u00";
            out += hex[byte >> 4];
            out += hex[byte & 15];
    }
}

template <class Number>
void append_number(std::string& out, Number value) {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out.append(digits, end);
}

template <class Number>
void append_finite(std::string& out, Number value) {
    if (!std::isfinite(value)) throw std::invalid_argument("a number that is not finite has no JSON");
    append_number(out, value);
}

}  // namespace

void JsonWriter::string(std::string_view text) {
    bool ascii = true;
    const char* at = text.data();
    const char* const end = at + text.size();
    out_->push_back('"');
    for (;;) {
        const char* const stop = detail::plain_text_end(at, end, ascii);
        out_->append(at, stop);
        if (stop == end) break;
        append_escaped(*out_, static_cast<unsigned char>(*stop));
        at = stop + 1;
    }
    out_->push_back('"');
    if (!ascii && !simdjson::validate_utf8(text.data(), text.size())) {
        throw std::invalid_argument("a text that is not UTF-8 has no JSON");
    }
}

void JsonWriter::number(std::int64_t value) { append_number(*out_, value); }
void JsonWriter::number(std::uint64_t value) { append_number(*out_, value); }
void JsonWriter::number(double value) { append_finite(*out_, value); }
void JsonWriter::number(float value) { append_finite(*out_, value); }

}  // namespace foldback
