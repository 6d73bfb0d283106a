#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "foldback/server/api.hpp"
#include "foldback/server/principal.hpp"
#include "protocol/problem.hpp"
#include "protocol/route.hpp"
#include "protocol/service.hpp"

namespace foldback::server::protocol {

/// Whether the sender of a request may do this with a stream. Everybody may when nobody asked who it is.
[[nodiscard]] inline bool may(const Request& request, Verb verb, std::string_view path) {
    return !request.principal || request.principal->may(verb, path);
}

/// The 403. It says nothing of what is there.
[[nodiscard]] Problem forbidden();

/// Why a request is not for its sender to make: 401 when one must be known and is not, 403 when it may not do that on
/// the path that was routed. Asked before anything is looked up. Lists and feeds are open to all, and show each what
/// it may read; of several appends the body says to which streams: append_all asks for each.
[[nodiscard]] std::optional<Problem> refuse_sender(const Service& service, const Request& request, const Route& route);

/// A producer's id in the store: its own namespace for each principal, so that none can take another's place.
[[nodiscard]] std::string scoped_producer(const Request& request, const std::string& id);

}  // namespace foldback::server::protocol
