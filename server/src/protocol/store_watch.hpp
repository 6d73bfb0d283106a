#pragma once

#include "foldback/store/types.hpp"
#include "protocol/service.hpp"

/// Watches of the store as long-polls: they answer `{"changed":true}`, or after the time of a long-poll `{"changed":false}`.
namespace foldback::server::protocol {

/// Waits until a stream has data at or after `beyond`, or is closed, or is not there. `beyond` may lie beyond the tail.
[[nodiscard]] Reply watch_stream(const Service& service, StreamPath stream, Offset beyond);

/// Waits until the store's tail is greater than `beyond`.
[[nodiscard]] Reply watch_feed(const Service& service, Position beyond);

}  // namespace foldback::server::protocol
