#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "subscriptions/engine.hpp"

namespace foldback::server::subscriptions {

/// A command and who waits for its answer.
struct Engine::Waiting {
    Command command;
    Respond respond;
    bool caught_up = false;  ///< everything that was appended before it came has been looked at
};

/// A subscription in the engine.
struct Engine::Actor {
    /// A stream that was seen to grow while something was being written, or that may have to be linked.
    struct Growth {
        Sighting sighting;
        StreamPoint tail;
    };

    std::string id;
    bool exists = false;  ///< it is in the store
    State state{};
    Offset offset{};       ///< of its next event
    bool writing = false;  ///< nothing else happens meanwhile
    std::deque<Waiting> waiting{};
    std::map<std::string, Growth> grown{};
    std::optional<Cursor> grown_since{};       ///< where the first of these was seen
    std::string attempt{};                     ///< the wake that is being delivered; empty: none
    std::optional<Outcome> outcome{};          ///< how that ended
    bool lease_is_fresh = false;               ///< it began with this attempt
    bool was_accepted = false;                 ///< the receiver has this wake and will call back
    std::optional<Timestamp> blocked_until{};  ///< the store said no
    std::optional<Timestamp> due{};
    std::string traceparent{};  ///< of the newest event that was seen and has one; not recorded
    std::uint64_t events = 0;   ///< since the last restatement, as far as this process knows
};

}  // namespace foldback::server::subscriptions
