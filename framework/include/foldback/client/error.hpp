#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <stdexcept>
#include <string>

#include <boost/system/result.hpp>

#include "foldback/client/offset.hpp"

namespace foldback::client {

/// Why an operation did not come about. Unless the comment says otherwise, the server's stream is unchanged.
enum class ErrorCode : std::uint8_t {
    invalid_argument,    ///< the caller's mistake: nothing was sent
    not_found,           ///< there is no such stream
    gone,                ///< deleted while forks still read it, or the offset is no longer retained
    conflict,            ///< the stream exists with another configuration, or has another content type
    closed,              ///< the stream is closed: `tail` is its final offset
    offset_mismatch,     ///< If-Match did not hold: `tail` is where the stream ends
    stream_seq,          ///< Stream-Seq is not greater than the last one
    stale_epoch,         ///< a producer of the same id has a newer epoch: `current_epoch`
    epoch_in_use,        ///< the producer's epoch was used before: the server would take new data for old
    sequence_gap,        ///< `expected_seq` was due, `received_seq` came
    bad_request,         ///< the server found the request malformed; for a read, often its offset
    unauthorized,        ///< 401 or 403
    too_large,           ///< the server does not take a body of this size
    rate_limited,        ///< 429, again and again
    not_supported,       ///< the server does not offer this operation on the stream
    server_error,        ///< 5xx, again and again
    unexpected_status,   ///< any other answer; the stream may have changed
    network,             ///< no connection, or it broke before the request was whole
    outcome_unknown,     ///< the request was sent and no answer came: it may or may not have been carried out
    timed_out,           ///< the deadline passed before the request was sent
    cancelled,           ///< stop was requested before the request was sent, or while reading
    malformed_response,  ///< the answer is not what the protocol says
    response_too_large,  ///< the answer exceeds the client's limits
    detached,            ///< the producer was detached before this was sent
};

/// A short stable name of a code, such as "offset_mismatch".
[[nodiscard]] const char* name_of(ErrorCode code) noexcept;

struct Error {
    ErrorCode code = ErrorCode::invalid_argument;
    std::string message{};          ///< one sentence for people; names the stream
    std::string stream{};           ///< the stream's URL without its query; empty when none is concerned
    unsigned status = 0;            ///< of HTTP; 0 when there was no answer
    bool is_retryable = false;      ///< the same request may succeed later
    bool stream_is_closed = false;  ///< the server said so
    std::optional<Offset> tail{};   ///< closed, offset_mismatch: where the stream ends
    std::optional<std::uint64_t> current_epoch{};
    std::optional<std::uint64_t> expected_seq{};
    std::optional<std::uint64_t> received_seq{};
    std::optional<std::chrono::milliseconds> retry_after{};
    std::string body{};  ///< of the answer, its first 64 KiB
};

/// Writes the message.
std::ostream& operator<<(std::ostream& out, const Error& error);

/// Thrown by `Result::value()` and by the ranges of a read session.
class ClientError : public std::runtime_error {
public:
    explicit ClientError(Error what_happened);

    Error error;
};

[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

/// A value, or why there is none.
template <class Value>
using Result = boost::system::result<Value, Error>;

}  // namespace foldback::client
