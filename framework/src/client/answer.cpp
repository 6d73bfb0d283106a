#include <charconv>

#include "client/retry.hpp"
#include "client/transport.hpp"

namespace foldback::client::detail {
namespace {

constexpr std::size_t max_error_body_bytes = 64 << 10;
constexpr std::size_t max_shown_bytes = 300;

std::optional<std::uint64_t> number_in(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

bool has_header(const Request& request, std::string_view name) {
    for (const auto& [key, value] : request.headers) {
        if (is_same_name(key, name)) return true;
    }
    return false;
}

ErrorCode conflict_code(const Request& request, const ResponseHead& head) {
    if (head.says_true("stream-closed")) return ErrorCode::closed;
    if (!head.header("producer-expected-seq").empty()) return ErrorCode::sequence_gap;
    return has_header(request, "stream-seq") ? ErrorCode::stream_seq : ErrorCode::conflict;
}

ErrorCode code_of(const Request& request, const ResponseHead& head) {
    switch (head.status) {
        case 400: return ErrorCode::bad_request;
        case 401: return ErrorCode::unauthorized;
        case 403: return head.header("producer-epoch").empty() ? ErrorCode::unauthorized : ErrorCode::stale_epoch;
        case 404: return ErrorCode::not_found;
        case 405:
        case 501: return ErrorCode::not_supported;
        case 409: return conflict_code(request, head);
        case 410: return ErrorCode::gone;
        case 412: return ErrorCode::offset_mismatch;
        case 413: return ErrorCode::too_large;
        case 429: return ErrorCode::rate_limited;
        default: break;
    }
    // A gateway does not know what became of the request that it passed on.
    if (head.status == 502 || head.status == 504)
        return request.is_repeatable ? ErrorCode::server_error : ErrorCode::outcome_unknown;
    return head.status >= 500 ? ErrorCode::server_error : ErrorCode::unexpected_status;
}

std::optional<Offset> offset_in(std::string_view text) {
    try {
        return Offset(text);
    } catch (const std::invalid_argument&) {
        return std::nullopt;
    }
}

std::string_view shown(std::string_view body) {
    body = body.substr(0, max_shown_bytes);
    while (!body.empty() && (body.back() == '\n' || (body.back() & 0x80) != 0)) body.remove_suffix(1);
    return body;
}

}  // namespace

Error error_of(const Request& request, const ResponseHead& head, std::string body) {
    Error error;
    error.code = code_of(request, head);
    error.status = head.status;
    error.stream = request.target.text;
    error.message = std::string(name_of(request.method)) + " " + error.stream + ": " + client::name_of(error.code) +
                    " (" + std::to_string(head.status) + ")";
    if (!body.empty()) error.message.append(": ").append(shown(body));
    error.is_retryable = head.status == 429 || (head.status >= 500 && head.status != 501);
    error.stream_is_closed = head.says_true("stream-closed");
    error.tail = offset_in(head.header("stream-next-offset"));
    error.current_epoch = number_in(head.header("producer-epoch"));
    error.expected_seq = number_in(head.header("producer-expected-seq"));
    error.received_seq = number_in(head.header("producer-received-seq"));
    error.retry_after = parse_retry_after(head.header("retry-after"), std::chrono::system_clock::now());
    if (body.size() > max_error_body_bytes) body.resize(max_error_body_bytes);
    error.body = std::move(body);
    return error;
}

Error over(const Operation& operation, const Target& target) {
    const auto code = operation.why();
    const char* const what = code == ErrorCode::cancelled ? ": stop was requested" : ": the deadline passed";
    return {.code = code,
            .message = target.text + what,
            .stream = target.text,
            .is_retryable = code == ErrorCode::timed_out};
}

}  // namespace foldback::client::detail
