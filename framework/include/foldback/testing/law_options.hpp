#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "foldback/core/decision.hpp"
#include "foldback/testing/random.hpp"

namespace foldback::testing {

/// How the laws of an aggregate are tried.
template <class Aggregate>
struct LawOptions {
    using State = typename Aggregate::StateType;
    using Event = typename Aggregate::EventType;

    /// Absent: the environment variable FOLDBACK_SEED, or 1. A failure prints the seed that repeats it.
    std::optional<std::uint64_t> seed{};
    std::size_t rounds = 100;
    std::size_t max_events = 30;  ///< of one history

    /// One event, made by you: when random members are no sensible event.
    std::function<Event(Random&)> event{};
    /// The next events of a history, made by you: when not any order of events is possible. May decide a random command on
    /// the state. Nothing: this history ends.
    std::function<std::vector<Event>(const State&, Random&)> next{};

    /// A command that is claimed to be idempotent: decided again on the state that it led to, it decides nothing.
    struct Idempotent {
        std::string name;
        std::function<Decision<Event>(const State&)> decide;
    };
    std::vector<Idempotent> idempotent{};
};

/// A law that does not hold, with the smallest history that was found to break it.
struct BrokenLaw {
    std::string law;                   ///< short and stable: "fold-is-deterministic"
    std::string explanation;           ///< for people
    std::vector<std::string> history;  ///< the events, as text
    std::uint64_t seed = 0;            ///< with `rounds` = 1 it is this history again
    std::size_t shrunk_from = 0;       ///< events of the history that broke it first

    [[nodiscard]] std::string text() const;
};

}  // namespace foldback::testing
