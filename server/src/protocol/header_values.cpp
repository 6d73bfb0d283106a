#include "protocol/header_values.hpp"

#include <algorithm>
#include <charconv>

#include "protocol/timestamp.hpp"

namespace foldback::server::protocol {

namespace {

constexpr std::size_t max_value_bytes = 256;

char to_lower(char byte) noexcept { return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + ('a' - 'A')) : byte; }

bool equals_ignoring_case(std::string_view text, std::string_view lower) noexcept {
    return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                      [](char left, char right) { return to_lower(left) == right; });
}

bool is_printable(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char byte) { return byte >= 0x20 && byte < 0x7F; });
}

bool is_token(std::string_view text) noexcept {
    const auto is_token_byte = [](char byte) {
        return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
               std::string_view("!#$%&'*+-.^_`|~").find(byte) != std::string_view::npos;
    };
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_byte);
}

Problem bad_header(Header header, std::string_view rule) {
    return bad_request("bad-header", std::string(name_of(header)).append(" must be ").append(rule).append("."));
}

}  // namespace

bool is_short_text(std::string_view text) noexcept {
    return !text.empty() && text.size() <= max_value_bytes && is_printable(text);
}

std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t max) {
    if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
    if (text.front() == '0' && text.size() != 1) return std::nullopt;
    std::uint64_t number = 0;
    const auto* text_end = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), text_end, number);
    if (error != std::errc{} || end != text_end || number > max) return std::nullopt;
    return number;
}

bool is_closed_marker(const std::string* value) noexcept {
    return value != nullptr && equals_ignoring_case(*value, "true");
}

bool is_content_type(std::string_view text) noexcept {
    if (text.size() > max_value_bytes || !is_printable(text)) return false;
    const auto type = media_type_of(text);
    const auto slash = type.find('/');
    if (slash == std::string::npos) return false;
    return is_token(std::string_view(type).substr(0, slash)) && is_token(std::string_view(type).substr(slash + 1));
}

Parsed<StreamConfig> parse_config(const RequestHeaders& headers) {
    StreamConfig config;
    config.content_type.clear();
    if (const auto* type = headers[Header::content_type]) {
        if (!is_content_type(*type)) return bad_header(Header::content_type, "a media type such as application/json");
        config.content_type = *type;
    }
    const auto* ttl = headers[Header::stream_ttl];
    const auto* expires_at = headers[Header::stream_expires_at];
    if (ttl != nullptr && expires_at != nullptr) {
        return bad_request("contradictory-expiry", "Stream-TTL and Stream-Expires-At exclude each other.");
    }
    if (ttl != nullptr) {
        const auto seconds = parse_number(*ttl, max_ttl_seconds);
        if (!seconds) return bad_header(Header::stream_ttl, "a decimal number of seconds, at most ten years");
        config.ttl = std::chrono::seconds(*seconds);
    }
    if (expires_at != nullptr) {
        config.expires_at = parse_timestamp(*expires_at);
        if (!config.expires_at) return bad_header(Header::stream_expires_at, "a timestamp of RFC 3339");
    }
    return config;
}

Parsed<std::optional<Producer>> parse_producer(const RequestHeaders& headers) {
    const auto* id = headers[Header::producer_id];
    const auto* epoch = headers[Header::producer_epoch];
    const auto* seq = headers[Header::producer_seq];
    if (id == nullptr && epoch == nullptr && seq == nullptr) return std::optional<Producer>();
    if (id == nullptr || epoch == nullptr || seq == nullptr) {
        return bad_request("incomplete-producer", "Producer-Id, Producer-Epoch and Producer-Seq belong together.");
    }
    if (!is_short_text(*id)) return bad_header(Header::producer_id, "1 to 256 printable characters");
    const auto epoch_number = parse_number(*epoch);
    if (!epoch_number) return bad_header(Header::producer_epoch, "a decimal number up to 2^53-1");
    const auto seq_number = parse_number(*seq);
    if (!seq_number) return bad_header(Header::producer_seq, "a decimal number up to 2^53-1");
    return std::optional<Producer>(Producer{.id = *id, .epoch = *epoch_number, .seq = *seq_number});
}

Parsed<std::optional<std::string>> parse_stream_seq(const RequestHeaders& headers) {
    const auto* seq = headers[Header::stream_seq];
    if (seq == nullptr) return std::optional<std::string>();
    if (!is_short_text(*seq)) return bad_header(Header::stream_seq, "1 to 256 printable characters");
    return std::optional<std::string>(*seq);
}

Parsed<Messages> parse_json_body(std::string_view body, const ApiOptions& options) {
    auto messages =
        Messages::json(body, {.max_depth = options.max_json_depth, .max_messages = options.max_batch_messages});
    if (messages) return std::move(*messages);
    if (messages.error().kind == InvalidJson::Kind::too_many_messages) {
        return Problem(413, "too-many-messages",
                       "The body holds more than " + std::to_string(options.max_batch_messages) + " messages.");
    }
    return bad_request("bad-json", "The body is refused: " + messages.error().problem + ".");
}

std::optional<Problem> encoded_body(const RequestHeaders& headers) {
    const auto* encoding = headers[Header::content_encoding];
    if (encoding == nullptr || encoding->empty() || equals_ignoring_case(*encoding, "identity")) return std::nullopt;
    return Problem(415, "encoded-body", "Bodies with a Content-Encoding are not accepted.");
}

}  // namespace foldback::server::protocol
