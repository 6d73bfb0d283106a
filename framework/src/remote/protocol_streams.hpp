#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "foldback/store/stream_store.hpp"
#include "remote/caller.hpp"
#include "remote/known_places.hpp"
#include "remote/own_append.hpp"

namespace foldback::remote {

/// Single streams of any server of the Durable Streams protocol. Everything is for the client's thread.
///
/// Offsets are kept by Stream-Seq: each append says where it begins, as 20 digits. A writer only says so of a place at which
/// it saw the stream end, so a stale one's number is never greater than the last, and the server refuses it (PROTOCOL §5.2).
class ProtocolStreams {
public:
    explicit ProtocolStreams(Caller& caller) : caller_(caller), places_(max_known_streams) {}

    Task<Result<Created>> create(CreateRequest request);
    Task<Result<Appended>> append(AppendRequest request);
    Task<Result<std::monostate>> remove(StreamPath stream);
    Task<Result<ReadPage>> read(ReadRequest request);
    Task<Result<StreamInfo>> head(StreamPath stream);
    /// Waits until there is something at or after `beyond`, or the stream is closed or not there, or `stop` says so.
    Task<void> wait_beyond(StreamPath stream, Offset beyond, std::stop_token stop);

private:
    static constexpr std::size_t max_known_streams = 10'000;

    /// What one answer to a read brought.
    struct Fetched {
        std::uint64_t first = 0;
        Messages messages{};
        std::uint64_t end = 0;
        bool up_to_date = false;
    };
    /// Where an append stands that may take several requests.
    struct Try {
        AppendRequest request;
        std::uint64_t at = 0;  ///< where it begins
        bool lost_one = false;
    };

    Task<Result<Fetched>> fetch(const StreamPath& stream, std::uint64_t from, bool& began_again);
    Task<Result<Fetched>> take(const StreamPath& stream, std::uint64_t from, Answer answer);
    Task<Result<std::uint64_t>> look_for_tail(const StreamPath& stream);
    Task<Result<Appended>> append_at_tail(Try attempt);
    Task<std::optional<Refused>> refuse_before_sending(const AppendRequest& request);
    Task<Answer> post(const Try& attempt);
    Task<Result<Appended>> accepted(const Try& attempt, const Answer& answer);
    Task<Found> look_at(const Try& attempt);
    Task<std::optional<Refused>> create_for(const AppendRequest& request);
    Task<Result<Appended>> close(StreamPath stream);

    Caller& caller_;
    KnownPlaces places_;
};

/// The token of where the stream goes on, or ends. Throws StorageError when there is none: it is no answer of the protocol.
[[nodiscard]] std::string next_offset_in(const Response& response);

/// What an error of a server that speaks only the protocol means for the port.
[[nodiscard]] Refused protocol_refusal(const Answer& answer);

}  // namespace foldback::remote
