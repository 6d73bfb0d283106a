#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "foldback/core/metadata.hpp"
#include "foldback/core/offset.hpp"
#include "foldback/core/timestamp.hpp"

/// What timelines answer. A *moment* of a stream is an Offset: how many messages have happened. The event that leads to
/// moment n is the one at offset n - 1.
namespace foldback {

/// A message as it is stored and as it is understood.
struct StoredEvent {
    Offset offset;
    Position position;  ///< in the store; 0 for a message of a what-if that is not stored
    Timestamp committed_at;
    std::string text;  ///< the message, exactly as it is stored

    // As far as the message is in our envelope:
    std::string type{};
    unsigned version = 1;
    std::string id{};
    std::optional<Timestamp> timestamp{};
    Metadata metadata{};

    /// The events of today that it became by upcasting, as {"type":…,"version":…,"data":…}. Empty when it means nothing.
    std::vector<std::string> current{};
    /// Why it could not be folded, in one sentence; empty when it could. It changed nothing then.
    std::string problem{};
};

/// A message that could not be folded.
struct UnreadableEvent {
    Offset offset;
    std::string problem;
};

/// Two moments beside each other.
struct Comparison {
    Offset from;
    Offset to;
    std::string before;  ///< JSON
    std::string after;   ///< JSON
    std::string patch;   ///< JSON Patch (RFC 6902) that makes `after` of `before`
};

/// Which event last set a part of a state.
struct Blame {
    std::string pointer;          ///< JSON Pointer to a value that is no object or array, or to an empty one
    std::string path;             ///< the same with identified elements named by their key: `/lines/[tea]/price`
    std::string value;            ///< JSON
    std::optional<Offset> event;  ///< absent: it is so from the beginning
    std::string type{};           ///< of that event
};

/// Called now and then with how many events are done and how many there are; false stops the work.
using ScanProgress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

/// Where to look, and how.
struct Scan {
    Offset from{};               ///< the first moment
    std::optional<Offset> to{};  ///< the last moment; absent: the tail
    /// Once true the predicate stays true, at every later moment. Then moments that are in memory are bisected, which
    /// folds far less. Wrongly said, the answer may be a later moment than the first.
    bool monotone = false;
    ScanProgress progress{};
};

/// The outcome of a search for a moment.
struct FirstMoment {
    std::optional<Offset> moment;  ///< the event that led there is the one before it
    bool complete = true;          ///< false: stopped by its progress function, and not found so far
};

/// Moments from `first` on, up to and without `end`.
struct MomentRange {
    Offset first;
    Offset end;
};

/// Where an invariant does not hold.
struct InvariantReport {
    std::string name;
    std::vector<MomentRange> broken;  ///< in order; empty: it holds always
    bool complete = true;             ///< false: there are more ranges than `max_ranges`
    static constexpr std::size_t max_ranges = 1000;

    [[nodiscard]] std::optional<Offset> first() const {
        return broken.empty() ? std::nullopt : std::optional(broken.front().first);
    }
};

/// Which events to find. What is empty does not matter; all the rest must match.
struct EventSearch {
    std::vector<std::string> types{};  ///< one of these, as stored
    std::string text{};                ///< occurs in the stored message, byte by byte
    std::function<bool(const StoredEvent&)> matches{};
    Offset from{};
    std::optional<Offset> to{};
    std::size_t limit = 1000;
    ScanProgress progress{};
};

struct FoundEvents {
    std::vector<StoredEvent> events;
    Offset next;           ///< where to go on
    bool complete = true;  ///< everything up to `to` was looked at
};

/// The first moment at which two folds of one history differ.
struct Divergence {
    Offset moment;
    std::string left;            ///< JSON
    std::string right;           ///< JSON
    std::string patch;           ///< JSON Patch from left to right
    std::string left_problem{};  ///< the event that led there could not be folded: why
    std::string right_problem{};
};

}  // namespace foldback
