#include "api/call.hpp"

#include <algorithm>

#include "foldback/store/types.hpp"

namespace orders::api {
namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

std::string percent_decoded(std::string_view text, bool plus_is_blank) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus_is_blank) {
            decoded += ' ';
        } else if (text[i] != '%') {
            decoded += text[i];
        } else {
            const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0) throw BadCall(400, "bad-target", "the target has a % without two hex digits");
            decoded += static_cast<char>(high * 16 + low);
            i += 2;
        }
    }
    // What makes a path makes a value too: UTF-8 without control characters.
    auto checked = decoded;
    std::replace(checked.begin(), checked.end(), '/', '-');
    if (!checked.empty() && !foldback::StreamPath::problem_with("x" + checked).empty()) {
        throw BadCall(400, "bad-target", "the target holds something that is no UTF-8 text, or a control character");
    }
    return decoded;
}

std::string percent_encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    std::string encoded;
    for (const char c : text) {
        if (plain.find(c) != std::string_view::npos) {
            encoded += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            encoded += '%';
            encoded += digits[byte >> 4U];
            encoded += digits[byte & 15U];
        }
    }
    return encoded;
}

Target split_target(std::string_view target) {
    const auto mark = target.find('?');
    if (mark == std::string_view::npos) return {target, {}};
    return {target.substr(0, mark), target.substr(mark + 1)};
}

std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query) {
    std::vector<std::pair<std::string, std::string>> parameters;
    while (!query.empty()) {
        const auto end = std::min(query.find('&'), query.size());
        const auto part = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        if (part.empty()) continue;
        const auto equals = std::min(part.find('='), part.size());
        parameters.emplace_back(percent_decoded(part.substr(0, equals), true),
                                percent_decoded(part.substr(std::min(equals + 1, part.size())), true));
    }
    return parameters;
}

std::optional<std::string> Call::text(std::string_view name) const {
    std::optional<std::string> found;
    for (const auto& [key, value] : query) {
        if (key != name) continue;
        if (found) throw BadCall(400, "bad-query", "the parameter " + key + " is given twice");
        found = value;
    }
    return found;
}

std::optional<std::uint64_t> Call::number(std::string_view name, std::uint64_t most) const {
    const auto value = text(name);
    if (!value) return std::nullopt;
    std::uint64_t parsed = 0;
    const auto* const end = value->data() + value->size();
    const auto result = std::from_chars(value->data(), end, parsed);
    if (result.ec != std::errc() || result.ptr != end || parsed > most) {
        throw BadCall(
            400, "bad-query",
            "the parameter " + std::string(name) + " must be a whole number from 0 to " + std::to_string(most));
    }
    return parsed;
}

std::optional<std::string_view> Call::header(std::string_view name) const {
    if (request.count(name) > 1)
        throw BadCall(400, "bad-header", "the header " + std::string(name) + " is given twice");
    const auto* value = request.header(name);
    if (value == nullptr) return std::nullopt;
    return *value;
}

}  // namespace orders::api
