#include "client/url.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace foldback::client::detail {
namespace {

void append_encoded(std::string& out, unsigned char byte) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    out += '%';
    out += digits[byte >> 4];
    out += digits[byte & 15];
}

bool is_unreserved(char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           letter == '-' || letter == '.' || letter == '_' || letter == '~';
}

/// Percent-encodes all but what is unreserved, and `kept`.
void append_all_encoded(std::string& out, std::string_view text, std::string_view kept) {
    for (const char letter : text) {
        if (is_unreserved(letter) || kept.find(letter) != kept.npos) {
            out += letter;
        } else {
            append_encoded(out, static_cast<unsigned char>(letter));
        }
    }
}

[[noreturn]] void refuse(std::string_view text, const char* why) {
    throw std::invalid_argument("'" + std::string(text) + "' " + why);
}

/// Percent-encodes what a URL must not contain and keeps the rest, which may be encoded already.
std::string literal(std::string_view text, std::string_view url) {
    std::string out;
    for (const char letter : text) {
        const auto byte = static_cast<unsigned char>(letter);
        if (byte < 0x20 || byte == 0x7F) refuse(url, "contains a control character");
        if (byte == ' ' || byte >= 0x80 || letter == '"' || letter == '<' || letter == '>') {
            append_encoded(out, byte);
        } else {
            out += letter;
        }
    }
    return out;
}

bool take_scheme(std::string_view& rest, std::string_view scheme) {
    if (rest.size() < scheme.size()) return false;
    const auto same = std::ranges::equal(rest.substr(0, scheme.size()), scheme, [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
    });
    if (same) rest.remove_prefix(scheme.size());
    return same;
}

void parse_authority(std::string_view authority, Endpoint& endpoint, std::string_view url) {
    if (authority.find('@') != std::string_view::npos) refuse(url, "must not contain a user name; send it in a header");
    std::string_view port;
    if (authority.starts_with('[')) {
        const auto end = authority.find(']');
        if (end == std::string_view::npos) refuse(url, "has an address without its ']'");
        endpoint.host = authority.substr(1, end - 1);
        port = authority.substr(end + 1);
    } else {
        const auto colon = std::min(authority.find(':'), authority.size());
        endpoint.host = authority.substr(0, colon);
        port = authority.substr(colon);
    }
    if (endpoint.host.empty()) refuse(url, "has no host");
    if (!std::ranges::all_of(endpoint.host, [](char c) { return is_unreserved(c) || c == ':' || c == '%'; }))
        refuse(url, "has a host that is none");
    if (port.empty() || port == ":") return;
    unsigned number = 0;
    const auto [end, error] = std::from_chars(port.data() + 1, port.data() + port.size(), number);
    if (port.front() != ':' || error != std::errc{} || end != port.data() + port.size() || number == 0 ||
        number > 65'535)
        refuse(url, "has a port that is none");
    endpoint.port = std::to_string(number);
}

}  // namespace

std::string Endpoint::authority() const {
    const bool is_literal = host.find(':') != std::string::npos;
    std::string text = is_literal ? "[" + host + "]" : host;
    if (port != (tls ? "443" : "80")) text += ":" + port;
    return text;
}

std::string Url::text() const { return (endpoint.tls ? "https://" : "http://") + endpoint.authority() + path; }

Url parse_url(std::string_view text) {
    Url url;
    auto rest = text;
    url.endpoint.tls = take_scheme(rest, "https://");
    if (!url.endpoint.tls && !take_scheme(rest, "http://"))
        refuse(text, "is no URL that begins with http:// or https://");
    url.endpoint.port = url.endpoint.tls ? "443" : "80";
    if (rest.find('#') != std::string_view::npos) refuse(text, "must not contain a fragment");
    const auto authority = rest.substr(0, rest.find_first_of("/?"));
    rest.remove_prefix(authority.size());
    parse_authority(authority, url.endpoint, text);
    const auto question = std::min(rest.find('?'), rest.size());
    url.path = literal(rest.substr(0, question), text);
    if (url.path.empty()) url.path = "/";
    if (question < rest.size()) url.query = literal(rest.substr(question + 1), text);
    return url;
}

std::string encode_path(std::string_view path) {
    std::string encoded;
    append_all_encoded(encoded, path, "/");
    return encoded;
}

void add_parameter(std::string& query, std::string_view name, std::string_view value) {
    if (!query.empty()) query += '&';
    append_all_encoded(query, name, {});
    query += '=';
    append_all_encoded(query, value, {});
}

}  // namespace foldback::client::detail
