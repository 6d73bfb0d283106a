#pragma once

#include "foldback/server/http_message.hpp"
#include "foldback/store/errors.hpp"
#include "protocol/problem.hpp"

namespace foldback::server::protocol {

/// What a refusal of the store is in HTTP: status, code, and the headers by which clients act on it.
[[nodiscard]] Response to_response(const Refused& refused);

/// The same without the headers.
[[nodiscard]] Problem to_problem(const Refused& refused);

}  // namespace foldback::server::protocol
