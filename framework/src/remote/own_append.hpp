#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "foldback/store/stream_store.hpp"

/// What became of a write whose answer was lost: told by what lies where it would lie.
namespace foldback::remote {

/// Whether a write cannot be made twice, so that it may be sent again: a stream is only appended to at an expected offset, or
/// every part is a producer's, or there is nothing but closing and asserting.
[[nodiscard]] bool is_made_once_at_most(std::span<const AppendRequest> requests);

/// Whether this part says where it would lie: it has data and an expected offset.
[[nodiscard]] bool has_place(const AppendRequest& request);
/// That place.
[[nodiscard]] ReadFrom place_of(const AppendRequest& request);

/// Whether a refusal means that the write is not made, nor will be by an attempt that is still on its way: offsets of a stream
/// only grow.
[[nodiscard]] bool is_final(Refusal reason) noexcept;

enum class Found : std::uint8_t {
    others,   ///< something else lies there, or nothing: it was not made
    own,      ///< these very messages, and they are nobody else's
    alike,    ///< the same bytes, which somebody else may have written
    nothing,  ///< the stream, or its beginning, is not there to look at
};

/// What lies at a request's place tells. `there` is that: up to as many messages, joined by commas, or bytes, as the request
/// has.
[[nodiscard]] Found recognise(const Messages& messages, std::string_view there);
/// What a refusal to read that place tells.
[[nodiscard]] Found recognise(const AppendRequest& request, const Refused& refused);

/// The same for a server that may write JSON otherwise than it came: messages are the same when their events have the same id.
/// `there` is up to as many messages as the request has.
[[nodiscard]] Found recognise_events(const Messages& messages, const Messages& there);

/// What all parts of a write tell together: one that was not made decides, since all are made or none.
[[nodiscard]] Found together(std::span<const Found> parts);

/// The id of a message that is an event with one (see core/envelope.hpp): no other event has the same. Empty when it is none.
[[nodiscard]] std::string event_id_in(std::string_view message);

}  // namespace foldback::remote
