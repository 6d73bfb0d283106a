#include "http/response_head.hpp"

#include <boost/beast/http/status.hpp>

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "protocol/control_bytes.hpp"

namespace foldback::server::http {
namespace {

void append_number(std::string& out, std::uint64_t number) {
    std::array<char, 20> digits;
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    out.append(digits.data(), end);
}

bool is_sendable(std::string_view text) noexcept {
    const auto ends_early = [](char c) { return c == '\r' || c == '\n' || c == '\0'; };
    return !protocol::has_control_byte(text) || std::ranges::none_of(text, ends_early);
}

bool has_no_body(unsigned status) noexcept { return status == 204 || status == 304; }

}  // namespace

std::string_view reason_phrase(unsigned status) noexcept {
    namespace http = boost::beast::http;
    const auto known = http::int_to_status(status);
    if (known == http::status::unknown) return "Unknown";
    const auto phrase = http::obsolete_reason(known);
    return {phrase.data(), phrase.size()};
}

std::string_view DateText::at(std::time_t now) noexcept {
    if (now != second_) {
        constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
        constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        std::tm utc{};
        gmtime_r(&now, &utc);
        std::array<char, 64> text;
        std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                      days[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                      months[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour, utc.tm_min,
                      utc.tm_sec);
        std::copy_n(text.begin(), text_.size(), text_.begin());
        second_ = now;
    }
    return {text_.data(), text_.size()};
}

BodyEnd body_end(const Response& response, bool to_head) noexcept {
    return to_head || has_no_body(response.status) ? BodyEnd::none : BodyEnd::length;
}

bool append_head(std::string& out, const Response& response, BodyEnd end, const ResponseContext& context) {
    const auto before = out.size();
    if (response.status == 200) {
        out.append("HTTP/1.1 200 OK\r\n");
    } else {
        out.append("HTTP/1.1 ");
        append_number(out, response.status);
        out.append(" ").append(reason_phrase(response.status)).append("\r\n");
    }
    for (const auto& [name, value] : response.headers) {
        if (!is_sendable(name) || !is_sendable(value)) {
            out.resize(before);
            return false;
        }
        out.append(name).append(": ").append(value).append("\r\n");
    }
    const auto bytes = response.body_bytes();
    // HEAD: the length of what GET would have sent, if the handler said it by leaving the body there (RFC 9110 §8.6).
    if (end == BodyEnd::length || (context.to_head && bytes != 0 && !has_no_body(response.status))) {
        out.append("content-length: ");
        append_number(out, bytes);
        out.append("\r\n");
    } else if (end == BodyEnd::chunked) {
        out.append("transfer-encoding: chunked\r\n");
    }
    out.append("date: ").append(context.date).append("\r\n");
    if (!context.keep_alive) {
        out.append("connection: close\r\n");
    } else if (context.to_http_1_0) {
        out.append("connection: keep-alive\r\n");
    }
    out.append("\r\n");
    return true;
}

}  // namespace foldback::server::http
