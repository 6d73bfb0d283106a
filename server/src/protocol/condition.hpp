#pragma once

#include <optional>

#include "protocol/problem.hpp"
#include "protocol/request_headers.hpp"
#include "protocol/service.hpp"

namespace foldback::server::protocol {

/// If-Match on an append: the writer's belief about the tail.
struct Condition {
    std::optional<StreamPoint> tail;   ///< absent: a tag that no tail can have
    bool wants_missed_events = false;  ///< `Prefer: return=missed-events`
};

/// One strong entity tag, in quotes or without; not `*`, not a list.
[[nodiscard]] Parsed<std::optional<Condition>> parse_condition(const RequestHeaders& headers);

/// Whether a stream's tail is where the writer believes it to be.
[[nodiscard]] bool holds(const Condition& condition, StreamPoint tail);

/// The 412 for a stream whose tail is elsewhere. When the writer wants them, its body has the messages from where the
/// writer stood, as many as fit, so that it can decide again without another read. Reads from the store.
[[nodiscard]] Response precondition_failed(const Service& service, const StreamPath& stream, const Condition& condition,
                                           const Refused& refused);

}  // namespace foldback::server::protocol
