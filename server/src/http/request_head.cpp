#include "http/request_head.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <string>

#include "protocol/control_bytes.hpp"

namespace foldback::server::http {
namespace {

constexpr std::array<bool, 256> make_token_table() {
    std::array<bool, 256> table{};
    for (unsigned c = '0'; c <= '9'; ++c) table[c] = true;
    for (unsigned c = 'a'; c <= 'z'; ++c) table[c] = true;
    for (unsigned c = 'A'; c <= 'Z'; ++c) table[c] = true;
    for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
    return table;
}

constexpr auto token_table = make_token_table();

constexpr bool is_token(char c) noexcept { return token_table[static_cast<unsigned char>(c)]; }
constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

/// Visible, a blank, or obs-text (0x80 and above).
bool is_value(std::string_view text) noexcept {
    const auto is_allowed = [](char c) { return c == '\t' || !protocol::has_control_byte({&c, 1}); };
    return !protocol::has_control_byte(text) || std::ranges::all_of(text, is_allowed);
}

/// Visible ASCII; the fragment mark never belongs to a target.
constexpr bool is_target(char c) noexcept { return c > 0x20 && c < 0x7F && c != '#'; }

/// What may stand in `host[:port]`.
constexpr bool is_authority(char c) noexcept {
    return is_target(c) && c != '/' && c != '@' && c != '?' && c != '\\' && c != ',' && c != '"' && c != '<' &&
           c != '>';
}

bool equals_ignoring_case(std::string_view text, std::string_view lower_case) noexcept {
    return std::ranges::equal(text, lower_case, {}, lower);
}

std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

Method method_of(std::string_view name) noexcept {
    if (name == "GET") return Method::get;
    if (name == "POST") return Method::post;
    if (name == "HEAD") return Method::head;
    if (name == "PUT") return Method::put;
    if (name == "DELETE") return Method::remove;
    if (name == "OPTIONS") return Method::options;
    return Method::other;
}

}  // namespace

HeadParser::Outcome HeadParser::refuse(unsigned status, std::string_view code, std::string_view detail) noexcept {
    refusal_ = {.status = status, .code = code, .detail = detail};
    return Outcome::refused;
}

bool HeadParser::bad(std::string_view detail) noexcept {
    refuse(400, "bad-framing", detail);
    return false;
}

void HeadParser::reset() noexcept {
    position_ = scanned_ = headers_begin_ = 0;
    target_ = authority_ = host_ = {};
    hosts_ = 0;
    has_content_length_ = has_transfer_encoding_ = asks_close_ = asks_keep_alive_ = false;
    fields_.clear();
    framing_ = {};
    refusal_ = {};
}

HeadParser::Outcome HeadParser::feed(std::string_view input) {
    if (refusal_.status != 0) return Outcome::refused;
    while (true) {
        const auto* found = static_cast<const char*>(
            scanned_ < input.size() ? std::memchr(input.data() + scanned_, '\n', input.size() - scanned_) : nullptr);
        scanned_ = found ? static_cast<std::size_t>(found - input.data()) : input.size();
        if (too_long(scanned_)) return Outcome::refused;
        if (!found) return Outcome::incomplete;

        const auto line_feed = scanned_++;
        if (line_feed == position_ || input[line_feed - 1] != '\r') {
            return refuse(400, "bad-framing", "A line must end with CR and LF.");
        }
        const auto end = line_feed - 1;
        if (headers_begin_ == 0) {
            if (end == 0) {  // one empty line before a request is tolerated (RFC 9112 §2.2)
                position_ = scanned_;
                continue;
            }
            if (!read_request_line(input, end)) return Outcome::refused;
            headers_begin_ = scanned_;
        } else if (end == position_) {
            position_ = scanned_;
            return finish(input) ? Outcome::complete : Outcome::refused;
        } else if (!read_field(input, end)) {
            return Outcome::refused;
        }
        position_ = scanned_;
    }
}

/// Whether the line with its LF at `line_end`, or not before it, breaks a limit.
bool HeadParser::too_long(std::size_t line_end) noexcept {
    if (headers_begin_ == 0) {
        if (line_end - position_ <= limits_.request_line_bytes + 1) return false;
        refuse(414, "uri-too-long", "The request line is too long.");
    } else {
        if (line_end - headers_begin_ < limits_.header_bytes) return false;
        refuse(431, "headers-too-large", "The header fields are too large.");
    }
    return true;
}

bool HeadParser::read_request_line(std::string_view input, std::size_t end) {
    const auto line = input.substr(position_, end - position_);
    const auto method_end = line.find(' ');
    const auto target_end = line.rfind(' ');
    if (method_end == std::string_view::npos || method_end == target_end) {
        return bad("A request line is a method, a target and a version, one blank between them.");
    }
    const auto method = line.substr(0, method_end);
    const auto version = line.substr(target_end + 1);
    if (method.empty() || !std::ranges::all_of(method, is_token)) return bad("The method is not a token.");
    if (version == "HTTP/1.0") {
        framing_.http_1_0 = true;
    } else if (version != "HTTP/1.1") {
        const bool other = version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) &&
                           version[6] == '.' && is_digit(version[7]);
        if (!other) return bad("The version is not one of HTTP.");
        refuse(505, "version-not-supported", "This server speaks HTTP/1.1 and HTTP/1.0.");
        return false;
    }
    framing_.method = method_of(method);
    return read_target(input, {.begin = static_cast<std::uint32_t>(position_ + method_end + 1),
                               .size = static_cast<std::uint32_t>(target_end - method_end - 1)});
}

bool HeadParser::read_target(std::string_view input, Span target) {
    const auto text = target.of(input);
    if (text.empty() || !std::ranges::all_of(text, is_target)) {
        return bad("The target has a byte that must not be there.");
    }
    target_ = target;
    if (text.front() == '/' || (text == "*" && framing_.method == Method::options)) return true;

    const auto scheme_end = text.find("://");
    const auto scheme = text.substr(0, scheme_end);
    if (scheme_end == std::string_view::npos ||
        !(equals_ignoring_case(scheme, "http") || equals_ignoring_case(scheme, "https"))) {
        return bad("The target is neither a path nor an http URL.");
    }
    const auto authority_begin = scheme_end + 3;
    const auto path_begin = std::min(text.find_first_of("/?", authority_begin), text.size());
    if (path_begin == authority_begin) return bad("The target's host is empty.");
    if (path_begin < text.size() && text[path_begin] == '?') return bad("The target has a query but no path.");
    authority_ = {.begin = static_cast<std::uint32_t>(target.begin + authority_begin),
                  .size = static_cast<std::uint32_t>(path_begin - authority_begin)};
    target_ = {.begin = static_cast<std::uint32_t>(target.begin + path_begin),
               .size = static_cast<std::uint32_t>(text.size() - path_begin)};
    return true;
}

bool HeadParser::read_field(std::string_view input, std::size_t end) {
    if (fields_.size() == limits_.header_fields) {
        refuse(431, "too-many-headers", "There are too many header fields.");
        return false;
    }
    const auto line = input.substr(position_, end - position_);
    if (is_blank(line.front())) return bad("A header line must not be folded.");
    std::size_t colon = 0;
    while (colon < line.size() && is_token(line[colon])) ++colon;
    if (colon == line.size() || line[colon] != ':') {
        return bad("A header name must be a token directly before its colon.");
    }
    if (colon == 0) return bad("A header name must not be empty.");

    const auto value = trim(line.substr(colon + 1));
    if (!is_value(value)) return bad("A header value has a control character.");
    const auto value_begin = value.empty() ? end : static_cast<std::size_t>(value.data() - input.data());
    const Field field{
        .name = {.begin = static_cast<std::uint32_t>(position_), .size = static_cast<std::uint32_t>(colon)},
        .value = {.begin = static_cast<std::uint32_t>(value_begin), .size = static_cast<std::uint32_t>(value.size())}};
    fields_.push_back(field);
    return read_known_field(field.name.of(input), value, field.value);
}

/// Fields that decide about framing and the connection.
bool HeadParser::read_known_field(std::string_view name, std::string_view value, Span span) {
    switch (name.size()) {  // most names differ from ours in their length already
        case 4:
            if (!equals_ignoring_case(name, "host")) return true;
            if (++hosts_ > 1) return bad("There is more than one Host.");
            if (!std::ranges::all_of(value, is_authority)) return bad("The Host is not a host and port.");
            host_ = span;
            return true;
        case 6:
            if (!equals_ignoring_case(name, "expect")) return true;
            if (!equals_ignoring_case(value, "100-continue")) {
                refuse(417, "expectation-failed", "The only expectation served is 100-continue.");
                return false;
            }
            framing_.expects_continue = true;
            return true;
        case 10:
            if (!equals_ignoring_case(name, "connection")) return true;
            while (!value.empty()) {
                const auto comma = std::min(value.find(','), value.size());
                const auto option = trim(value.substr(0, comma));
                asks_close_ |= equals_ignoring_case(option, "close");
                asks_keep_alive_ |= equals_ignoring_case(option, "keep-alive");
                value.remove_prefix(std::min(comma + 1, value.size()));
            }
            return true;
        case 14: {
            if (!equals_ignoring_case(name, "content-length")) return true;
            if (has_content_length_) return bad("There is more than one Content-Length.");
            has_content_length_ = true;
            const auto* last = value.data() + value.size();
            const auto [parsed, error] = std::from_chars(value.data(), last, framing_.content_length);
            if (error != std::errc{} || parsed != last || !is_digit(value.front()) ||
                (value.front() == '0' && value.size() > 1)) {
                return bad("The Content-Length is not a plain number.");
            }
            return true;
        }
        case 17:
            if (!equals_ignoring_case(name, "transfer-encoding")) return true;
            if (has_transfer_encoding_) return bad("There is more than one Transfer-Encoding.");
            if (value != "chunked") return bad("The only Transfer-Encoding served is chunked.");
            has_transfer_encoding_ = framing_.chunked = true;
            return true;
        default: return true;
    }
}

bool HeadParser::finish(std::string_view input) {
    if (has_transfer_encoding_ && has_content_length_) {
        return bad("There are both Content-Length and Transfer-Encoding.");
    }
    if (has_transfer_encoding_ && framing_.http_1_0) return bad("HTTP/1.0 has no Transfer-Encoding.");
    if (hosts_ == 0 && !framing_.http_1_0) return bad("There is no Host.");
    if (authority_.size != 0) {
        const auto same = [](char a, char b) { return lower(a) == lower(b); };
        if (hosts_ != 0 && !std::ranges::equal(authority_.of(input), host_.of(input), same)) {
            return bad("The target and the Host name different hosts.");
        }
    }
    framing_.keep_alive = !asks_close_ && (!framing_.http_1_0 || asks_keep_alive_);
    if (framing_.http_1_0) framing_.expects_continue = false;
    return true;
}

Request HeadParser::request(std::string_view input) const {
    Request request;
    request.method = framing_.method;
    request.target = target_.size == 0 ? std::string_view("/") : target_.of(input);
    request.headers.reserve(fields_.size());
    for (const auto& field : fields_) {
        auto& [name, value] = request.headers.emplace_back(field.name.of(input), field.value.of(input));
        for (auto& c : name) c = lower(c);
    }
    return request;
}

}  // namespace foldback::server::http
