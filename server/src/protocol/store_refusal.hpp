#pragma once

#include "foldback/server/http_message.hpp"
#include "foldback/store/errors.hpp"

namespace foldback::server::protocol {

/// The response to a refusal for those who use the server as their store: as `to_response`, and in the problem document a
/// member `refused` with all that the store says about it.
[[nodiscard]] Response to_store_response(const Refused& refused);

}  // namespace foldback::server::protocol
