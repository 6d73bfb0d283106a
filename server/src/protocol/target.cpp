#include "protocol/target.hpp"

#include <algorithm>

#include "protocol/control_bytes.hpp"

namespace foldback::server::protocol {

namespace {

int hex_value(char digit) noexcept {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    return -1;
}

bool is_unreserved(char byte) noexcept {
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           std::string_view("-._~").find(byte) != std::string_view::npos;
}

std::optional<std::string> decode_parameter(std::string_view text) {
    std::string spaced(text);
    std::replace(spaced.begin(), spaced.end(), '+', ' ');
    return percent_decode(spaced);
}

Problem malformed(std::string detail) { return bad_request("malformed-target", std::move(detail)); }

std::optional<Problem> parse_query(std::string_view text, Query& query) {
    while (!text.empty()) {
        const auto parameter = text.substr(0, text.find('&'));
        text.remove_prefix(std::min(text.size(), parameter.size() + 1));
        if (parameter.empty()) continue;
        const auto equals = parameter.find('=');
        auto name = decode_parameter(parameter.substr(0, equals));
        auto value = decode_parameter(equals == std::string_view::npos ? "" : parameter.substr(equals + 1));
        if (!name || !value) return malformed("The query has a malformed percent-encoding.");
        query.add(std::move(*name), std::move(*value));
    }
    return std::nullopt;
}

}  // namespace

Parsed<const std::string*> Query::value(std::string_view name) const {
    const std::string* found = nullptr;
    for (const auto& [parameter, value] : parameters_) {
        if (parameter != name) continue;
        if (found != nullptr) {
            return bad_request("repeated-parameter", "The parameter " + std::string(name) + " is given twice.");
        }
        found = &value;
    }
    return found;
}

Parsed<Target> parse_target(std::string_view text) {
    if (text.empty() || text.front() != '/') return malformed("The target must be a path that begins with '/'.");
    if (text.find('#') != std::string_view::npos) return malformed("The target must not have a fragment.");
    if (has_control_byte(text)) return malformed("The target has a control character.");

    const auto question_mark = text.find('?');
    Target target;
    auto path = percent_decode(text.substr(0, question_mark));
    if (!path) return malformed("The path has a malformed percent-encoding.");
    if (has_control_byte(*path)) return malformed("The path has an encoded control character.");
    target.path = std::move(*path);
    if (question_mark != std::string_view::npos) {
        if (auto problem = parse_query(text.substr(question_mark + 1), target.query)) return std::move(*problem);
    }
    return target;
}

std::optional<std::string> percent_decode(std::string_view text) {
    auto percent = text.find('%');
    std::string decoded(text.substr(0, percent));
    while (percent != std::string_view::npos) {
        if (text.size() - percent < 3) return std::nullopt;
        const auto high = hex_value(text[percent + 1]);
        const auto low = hex_value(text[percent + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        decoded.push_back(static_cast<char>(high * 16 + low));
        const auto plain = percent + 3;
        percent = text.find('%', plain);
        decoded.append(text.substr(plain, percent - plain));
    }
    return decoded;
}

std::string percent_encode(std::string_view text, std::string_view also_plain) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string encoded;
    encoded.reserve(text.size());
    for (const char byte : text) {
        if (is_unreserved(byte) || also_plain.find(byte) != std::string_view::npos) {
            encoded.push_back(byte);
            continue;
        }
        const auto value = static_cast<unsigned char>(byte);
        encoded.append(1, '%').append(1, digits[value >> 4]).append(1, digits[value & 0xF]);
    }
    return encoded;
}

std::string percent_encode_path(std::string_view path) { return percent_encode(path, "/!$&'()*+,;=:@"); }

}  // namespace foldback::server::protocol
