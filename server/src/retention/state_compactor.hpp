#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

#include "foldback/store/clock.hpp"
#include "foldback/store/stream_store.hpp"
#include "retention/rules.hpp"

namespace foldback::server {

class StateRows;

/// Keeps streams of the State protocol to their current rows, by two writes that any client could make:
///
/// 1. when enough was written since the last snapshot, a new one is appended — in one commit, at the tail that was folded, or not
///    at all. Readers at the tail go on: rows that they know are inserted again with the values that they have.
/// 2. when a snapshot is older than the time that saved offsets are to stay good for, what lies before it is truncated. Whoever begins
///    at `-1` then reads the snapshot and what follows; an offset from before it is 410.
class StateCompactor {
public:
    /// Told why a stream is left alone from now on: it is not of the State protocol, or its rows are too many.
    using Tell = std::function<void(const StreamPath&, const std::string& why)>;

    /// The store and clock must outlive it.
    StateCompactor(StreamStore& store, const Clock& clock, Tell left_alone)
        : store_(store), clock_(clock), left_alone_(std::move(left_alone)) {}

    /// Looks at what was written since it last looked, snapshots when that is due, and says before which offset the
    /// stream may be truncated. Reads about `max_read_bytes` and goes on from there the next time; adds what it read.
    [[nodiscard]] Offset compact(const StreamInfo& info, const StateRetention& rule, std::uint64_t max_read_bytes,
                                 std::uint64_t& read_bytes);

private:
    struct Snapshot {
        Offset start;
        Timestamp committed_at;
    };
    struct Known {
        Incarnation incarnation;
        Offset counted_to;
        std::uint64_t bytes_since = 0;  ///< written since the newest snapshot
        std::uint64_t row_bytes = 0;    ///< of the newest snapshot
        std::deque<Snapshot> snapshots{};
        std::optional<Snapshot> begun{};  ///< without its end yet
        bool is_left_alone = false;
    };

    [[nodiscard]] Known& known(const StreamInfo& info);
    void note(Known& known, const Message& message);
    void count(const StreamInfo& info, Known& known, std::uint64_t max_read_bytes, std::uint64_t& read_bytes);
    /// Applies what lies from `from` to the tail, and moves it there; false when that cannot be done.
    [[nodiscard]] bool fold(const StreamInfo& info, Known& known, StateRows& rows, ReadFrom& from,
                            std::uint64_t& read_bytes);
    void snapshot(const StreamInfo& info, Known& known, std::uint64_t& read_bytes);
    void leave_alone(const StreamInfo& info, Known& known, const std::string& why);

    StreamStore& store_;
    const Clock& clock_;
    Tell left_alone_;
    std::unordered_map<std::string, Known> known_;
};

}  // namespace foldback::server
