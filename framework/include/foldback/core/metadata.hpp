#pragma once

#include <string>

namespace foldback {

/// Where an event comes from. Empty strings are not stored.
struct Metadata {
    std::string correlation{};  ///< the conversation that everything with this value belongs to
    std::string causation{};    ///< the id of the message that led to this event
    std::string command{};      ///< the id of the command that was decided
    std::string actor{};        ///< who wanted it
    std::string traceparent{};  ///< of the request that led to it (W3C Trace Context)

    friend bool operator==(const Metadata&, const Metadata&) = default;
};

}  // namespace foldback
