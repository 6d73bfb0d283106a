#include "protocol/json_text.hpp"

namespace foldback::server::protocol {

namespace {

void append_escape(std::string& out, char byte) {
    constexpr std::string_view digits = "0123456789abcdef";
    switch (byte) {
        case '"': out.append("\\\""); return;
        case '\\': out.append("\\\\"); return;
        case '\n': out.append("\\n"); return;
        case '\r': out.append("\\r"); return;
        case '\t': out.append("\\t"); return;
        default: break;
    }
    const auto value = static_cast<unsigned char>(byte);
    out.append("\\u00").append(1, digits[value >> 4]).append(1, digits[value & 0xF]);
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    out.push_back('"');
    std::size_t plain = 0;
    for (std::size_t i = 0; i != text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
        out.append(text.substr(plain, i - plain));
        append_escape(out, text[i]);
        plain = i + 1;
    }
    out.append(text.substr(plain));
    out.push_back('"');
}

}  // namespace foldback::server::protocol
