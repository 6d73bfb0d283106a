#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "foldback/core/decision.hpp"
#include "subscriptions/json_body.hpp"
#include "subscriptions/state.hpp"
#include "subscriptions/token.hpp"

/// The rules of a subscription: what may happen next, given what happened. Pure; time and chance are arguments.
namespace foldback::server::subscriptions {

using Decided = Decision<SubscriptionEvent>;

/// A stream as the store has it, and where in it the first message lies that made us look.
struct Sighting {
    std::string stream;
    Incarnation incarnation;
    StreamPoint first;
    bool by_pattern = false;  ///< the subscription's pattern matches it
};

/// Links streams that have new messages and are not linked yet, or are others of the same name: from before the message.
[[nodiscard]] Decided decide_sightings(const State& state, const std::vector<Sighting>& sightings);

/// A stream that is named by a client, as the store has it now; incarnation 0 when it has none.
struct NamedStream {
    std::string stream;
    Incarnation incarnation;
    StreamPoint tail;
};

/// Links streams by name, at their tail. Nothing for those linked so.
[[nodiscard]] Decided decide_add(const State& state, const std::vector<NamedStream>& streams);
[[nodiscard]] Decided decide_remove(const State& state, const std::string& stream);

/// Most pending streams that one wake is about: the rest waits for the next one.
inline constexpr std::size_t max_streams_per_wake = 1'000;

/// The pending streams that the next wake is about.
[[nodiscard]] std::vector<std::string> next_pending(const State& state);

/// Issues a wake when there is pending work, no wake under way, and no retry to wait for (PROTOCOL §7).
[[nodiscard]] Decided decide_wake(const State& state, Timestamp now, const std::string& wake_id);

/// A worker takes the wake, or a new one (PROTOCOL §7.2). Rejections: ALREADY_CLAIMED, NO_PENDING_WORK, INVALID_REQUEST.
[[nodiscard]] Decided decide_claim(const State& state, Timestamp now, const std::string& worker,
                                   const std::string& wake_id);

/// What a callback, ack or release says it is about, besides its token.
struct WakeReference {
    std::string wake_id;
    std::uint64_t generation = 0;
};

struct Progress {
    WakeReference wake;
    std::vector<Ack> acks{};
    bool done = false;
};

/// A callback or ack (PROTOCOL §7.1, §7.2). With `done` the wake ends; else its lease begins anew. Rejections: FENCED,
/// INVALID_OFFSET.
[[nodiscard]] Decided decide_progress(const State& state, Timestamp now, const Claims& claims,
                                      const Progress& progress);

/// Rejections: FENCED.
[[nodiscard]] Decided decide_release(const State& state, Timestamp now, const Claims& claims,
                                     const WakeReference& wake);

/// How an attempt to deliver a webhook ended.
struct Outcome {
    enum class Kind : std::uint8_t {
        done,      ///< the receiver has processed what the wake was about
        accepted,  ///< it will call back
        failed,
    };
    Kind kind = Kind::failed;
    std::string reason{};  ///< of a failure, for people
};

/// `chance` is from 0 to 1. Nothing when the wake is over, and of a lease that is over nothing but a failure.
[[nodiscard]] Decided decide_outcome(const State& state, Timestamp now, const std::string& wake_id,
                                     const Outcome& outcome, double chance);

/// The store refused to put a wake into the wake stream.
[[nodiscard]] Decided decide_unwritten_wake(const State& state, Timestamp now, const std::string& reason,
                                            double chance);

/// Ends a wake whose lease is over. `attempt_under_way`: the receiver has not even answered, which is a failure.
[[nodiscard]] Decided decide_expiry(const State& state, Timestamp now, bool attempt_under_way, double chance);

/// From 1 s, doubled with each failure, up to 60 s; 20 % more or less by chance (PROTOCOL §7.1).
[[nodiscard]] std::chrono::milliseconds retry_delay(std::uint64_t failures, double chance) noexcept;

}  // namespace foldback::server::subscriptions
