#include "client_conformance/adapter_errors.hpp"

namespace adapter {
namespace {

using foldback::client::ErrorCode;

/// The suite's names.
const char* code_of(const std::string& command, ErrorCode code) {
    switch (code) {
        case ErrorCode::not_found:
        case ErrorCode::gone: return "NOT_FOUND";
        case ErrorCode::conflict:
        case ErrorCode::offset_mismatch: return "CONFLICT";
        case ErrorCode::closed: return "STREAM_CLOSED";
        case ErrorCode::stream_seq:
        case ErrorCode::sequence_gap: return "SEQUENCE_CONFLICT";
        case ErrorCode::bad_request: return command == "read" ? "INVALID_OFFSET" : "UNEXPECTED_STATUS";
        case ErrorCode::invalid_argument: return "INVALID_ARGUMENT";
        case ErrorCode::network:
        case ErrorCode::outcome_unknown: return "NETWORK_ERROR";
        case ErrorCode::timed_out:
        case ErrorCode::cancelled: return "TIMEOUT";
        case ErrorCode::malformed_response: return "PARSE_ERROR";
        case ErrorCode::stale_epoch:
        case ErrorCode::epoch_in_use:
        case ErrorCode::unauthorized:
        case ErrorCode::too_large:
        case ErrorCode::rate_limited:
        case ErrorCode::not_supported:
        case ErrorCode::server_error:
        case ErrorCode::unexpected_status: return "UNEXPECTED_STATUS";
        case ErrorCode::response_too_large:
        case ErrorCode::detached: return "INTERNAL_ERROR";
    }
    return "INTERNAL_ERROR";
}

}  // namespace

nlohmann::json failure(const std::string& command, const std::string& code, const std::string& message) {
    return {{"type", "error"}, {"success", false}, {"commandType", command}, {"errorCode", code}, {"message", message}};
}

nlohmann::json failure(const std::string& command, const foldback::client::Error& error) {
    auto result = failure(command, code_of(command, error.code), error.message);
    if (error.status != 0) result["status"] = error.status;
    return result;
}

}  // namespace adapter
