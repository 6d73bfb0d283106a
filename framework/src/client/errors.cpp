#include "foldback/client/error.hpp"

#include <algorithm>
#include <ostream>
#include <utility>

namespace foldback::client {

Offset::Offset(std::string_view token) : text_(token) {
    const auto is_wrong = [](char letter) {
        return letter <= ' ' || letter == 0x7F || std::string_view(",&=?/").find(letter) != std::string_view::npos;
    };
    if (token.empty() || token.size() > max_bytes || std::ranges::any_of(token, is_wrong))
        throw std::invalid_argument("'" + std::string(token.substr(0, 100)) + "' is no offset of a stream");
}

const char* name_of(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::invalid_argument: return "invalid_argument";
        case ErrorCode::not_found: return "not_found";
        case ErrorCode::gone: return "gone";
        case ErrorCode::conflict: return "conflict";
        case ErrorCode::closed: return "closed";
        case ErrorCode::offset_mismatch: return "offset_mismatch";
        case ErrorCode::stream_seq: return "stream_seq";
        case ErrorCode::stale_epoch: return "stale_epoch";
        case ErrorCode::epoch_in_use: return "epoch_in_use";
        case ErrorCode::sequence_gap: return "sequence_gap";
        case ErrorCode::bad_request: return "bad_request";
        case ErrorCode::unauthorized: return "unauthorized";
        case ErrorCode::too_large: return "too_large";
        case ErrorCode::rate_limited: return "rate_limited";
        case ErrorCode::not_supported: return "not_supported";
        case ErrorCode::server_error: return "server_error";
        case ErrorCode::unexpected_status: return "unexpected_status";
        case ErrorCode::network: return "network";
        case ErrorCode::outcome_unknown: return "outcome_unknown";
        case ErrorCode::timed_out: return "timed_out";
        case ErrorCode::cancelled: return "cancelled";
        case ErrorCode::malformed_response: return "malformed_response";
        case ErrorCode::response_too_large: return "response_too_large";
        case ErrorCode::detached: return "detached";
    }
    return "unknown";
}

std::ostream& operator<<(std::ostream& out, const Error& error) { return out << error.message; }

ClientError::ClientError(Error what_happened)
    : std::runtime_error(what_happened.message), error(std::move(what_happened)) {}

void throw_exception_from_error(const Error& error, const boost::source_location& /*where*/) {
    throw ClientError(error);
}

}  // namespace foldback::client
