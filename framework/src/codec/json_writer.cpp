#include "foldback/core/json_writer.hpp"

#include <charconv>
#include <cmath>
#include <stdexcept>

#include <simdjson.h>

namespace foldback {

namespace {

[[nodiscard]] bool needs_escape(unsigned char byte) { return byte < 0x20 || byte == '"' || byte == '\\'; }

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
    out_->push_back('"');
    std::size_t written = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        ascii = ascii && byte < 0x80;
        if (!needs_escape(byte)) continue;
        out_->append(text, written, i - written);
        append_escaped(*out_, byte);
        written = i + 1;
    }
    out_->append(text, written);
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
