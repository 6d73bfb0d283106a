#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>

#include "foldback/store/clock.hpp"
#include "foldback/store/stream_store.hpp"
#include "retention/rules.hpp"
#include "retention/state_compactor.hpp"

namespace foldback::server {

struct RetentionOptions {
    std::chrono::milliseconds interval{60'000};  ///< between two passes
    /// What one pass may read to find out where to cut; it goes on in the next.
    std::uint64_t max_read_bytes = 256 << 20;
    std::size_t max_known_streams = 65'536;  ///< whose size is remembered; of others it is counted again
    /// Told, on the enforcing thread, what was cut and what went wrong.
    std::function<void(const StreamPath&, Offset before)> on_truncated{};
    /// Told after a pass that held back for another number of streams than the one before it.
    std::function<void(std::uint64_t streams)> on_held_back{};
    std::function<void(const std::string&)> on_trouble{};
    /// The first offset of a stream that somebody still needs; absent: nobody does. May wait a little.
    std::function<std::optional<Offset>(const StreamInfo&)> needed_from{};
};

/// What one pass over the store did.
struct RetentionPass {
    std::uint64_t streams = 0;    ///< that a rule is for
    std::uint64_t truncated = 0;  ///< streams
    std::uint64_t held_back = 0;  ///< streams of which more would go if nobody needed it
    std::uint64_t read_bytes = 0;
    bool complete = true;  ///< false: the next pass goes on where this one ended
};

/// Carries out retention rules by truncating through the store's port, so that what it did is as durable as any write.
/// Each message is read at most twice for it: when it is counted, and when it goes.
class RetentionEnforcer {
public:
    /// All three must outlive it.
    RetentionEnforcer(StreamStore& store, const Clock& clock, const Retention& retention, RetentionOptions options);
    ~RetentionEnforcer();
    RetentionEnforcer(const RetentionEnforcer&) = delete;
    RetentionEnforcer& operator=(const RetentionEnforcer&) = delete;

    /// Runs passes on a thread of its own until it is destroyed.
    void start();

    /// One pass, on the calling thread; not beside a started one.
    RetentionPass run_pass();

private:
    /// How many bytes of messages a JSON stream holds from `first` up to `counted_to`.
    struct Size {
        Incarnation incarnation;
        Offset first;
        Offset counted_to;
        std::uint64_t bytes = 0;
    };

    void run();
    void enforce_or_tell(const StreamInfo& info, const RetentionRule& rule, RetentionPass& pass);
    void enforce(const StreamInfo& info, const RetentionRule& rule, RetentionPass& pass);
    [[nodiscard]] Offset cut(const StreamInfo& info, const RetentionRule& rule, RetentionPass& pass);
    /// At most `before`, and what somebody needs and is not too old for that stays.
    [[nodiscard]] Offset spare_needed(const StreamInfo& info, const RetentionRule& rule, Offset before,
                                      RetentionPass& pass);
    [[nodiscard]] Offset cut_by_age(const StreamInfo& info, Timestamp oldest, RetentionPass& pass);
    /// At least `least`.
    [[nodiscard]] Offset cut_by_bytes(const StreamInfo& info, Offset least, std::uint64_t max_bytes,
                                      RetentionPass& pass);
    [[nodiscard]] Size& size_of(const StreamInfo& info);
    [[nodiscard]] std::optional<Timestamp> time_of(const StreamInfo& info, Offset offset, RetentionPass& pass);
    [[nodiscard]] std::optional<ReadPage> read(const StreamInfo& info, Offset from, std::size_t max_bytes,
                                               RetentionPass& pass);

    StreamStore& store_;
    const Clock& clock_;
    const Retention& retention_;
    const RetentionOptions options_;
    StateCompactor states_;
    std::string after_;  ///< where the last pass ended when it was not complete
    std::unordered_map<std::string, Size> sizes_;
    std::uint64_t held_back_ = 0;  ///< since the passes over the store began anew
    std::uint64_t told_held_back_ = 0;

    std::mutex mutex_;
    std::condition_variable wake_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace foldback::server
