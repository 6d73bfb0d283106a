#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include <boost/system/result.hpp>

#include "foldback/store/types.hpp"

namespace foldback {

/// Why the store said no. The state of the store is as if the request had never been made, but for `outcome_unknown`.
enum class Refusal : std::uint8_t {
    not_found,           ///< no such stream (never created, deleted, or expired)
    gone,                ///< deleted, but forks still read its data (PROTOCOL §4.2 "soft-deleted")
    exists,              ///< a stream of that path exists with another configuration, or is soft-deleted
    closed,              ///< the stream is closed; `tail` is its final offset
    content_type,        ///< the content type differs from the stream's
    offset_mismatch,     ///< the expected offset is not the tail; `tail` says what is
    stream_seq,          ///< Stream-Seq is not greater than the last one
    stale_epoch,         ///< another producer of this id has a newer epoch: `producer_epoch`
    epoch_start,         ///< a new epoch must start at sequence 0
    sequence_gap,        ///< `expected_seq` was due, `received_seq` came
    too_many_producers,  ///< the stream's limit of producer ids is reached
    bad_offset,          ///< the offset is not one of this stream's (beyond its tail, or of another incarnation)
    truncated,           ///< the offset lies before the earliest retained one, which is `first`
    source_not_found,    ///< the stream to fork from does not exist
    source_gone,         ///< the stream to fork from is soft-deleted
    bad_request,         ///< the request contradicts itself; `detail` says how
    across_partitions,   ///< it concerns streams that are kept in several logs, which have no order among them
    full,                ///< no space left on the device; reads go on
    busy,                ///< the queue of appends is full; try again later
    stopped,             ///< the store is being closed
    broken,              ///< a flush failed earlier: the store accepts no more writes until it is reopened
    unavailable,         ///< a store elsewhere cannot be reached, or does not let this client in
    outcome_unknown,     ///< the answer of a store elsewhere is lost, and the write may have been made or not
};

/// A refusal and what a caller needs to act on it.
struct Refused {
    Refusal reason = Refusal::bad_request;
    std::string detail{};              ///< one sentence for people
    StreamPoint tail{};                ///< the stream's tail, where a stream exists
    Offset first{};                    ///< the earliest retained offset, where a stream exists
    bool closed = false;               ///< whether that stream is closed
    std::uint64_t producer_epoch = 0;  ///< stale_epoch: the current one
    std::uint64_t expected_seq = 0;    ///< sequence_gap
    std::uint64_t received_seq = 0;    ///< sequence_gap
};

/// The world broke: the device failed, or the store's files are damaged. `what()` names file and place.
class StorageError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// A store elsewhere did not answer in time, or does not let this client in.
class StoreUnavailable : public StorageError {
public:
    using StorageError::StorageError;
};

/// A write to a store elsewhere was sent, and what became of it cannot be found out: the same write may be made again only by
/// somebody for whom twice is as good as once.
class OutcomeUnknown : public StorageError {
public:
    using StorageError::StorageError;
};

/// Damage before the end of the log: the store refuses to open. `what()` says where, and the command that salvages.
class DamagedLog : public StorageError {
public:
    DamagedLog(const std::string& what, std::uint64_t in_segment, std::uint64_t at_byte)
        : StorageError(what), segment(in_segment), byte_offset(at_byte) {}

    std::uint64_t segment;
    std::uint64_t byte_offset;
};

/// Another process holds the data directory.
class StoreLocked : public StorageError {
public:
    using StorageError::StorageError;
};

/// Thrown by `Result::value()` when the result holds a refusal.
class RefusedError : public std::runtime_error {
public:
    explicit RefusedError(Refused refused);

    Refused refused;
};

/// A short stable name of a refusal, such as "offset_mismatch".
[[nodiscard]] const char* name_of(Refusal reason) noexcept;

[[noreturn]] void throw_exception_from_error(const Refused& refused, const boost::source_location& where);

/// A value, or why the store said no.
template <class Value>
using Result = boost::system::result<Value, Refused>;

}  // namespace foldback
