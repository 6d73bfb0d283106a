#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foldback/store/clock.hpp"
#include "foldback/store/stream_store.hpp"

/// What the store must be, in the plainest way: maps in memory, no files, no concurrency. A value: copying it is how a
/// test follows two possible pasts.
namespace foldback::model {

/// What was stored together: one JSON message, or the bytes of one record.
struct Piece {
    std::uint64_t offset = 0;
    std::uint64_t extent = 0;
    std::uint64_t position = 0;
    Timestamp at;
    std::shared_ptr<const std::string> data;
};

/// A part of a stream as a reader sees it.
struct Slice {
    std::uint64_t offset = 0;
    std::uint64_t position = 0;
    Timestamp at;
    std::string_view data;
};

struct ProducerState {
    std::uint64_t epoch = 0;
    std::uint64_t seq = 0;
};

struct Stream {
    std::uint64_t incarnation = 0;
    std::string path;
    StreamConfig config;
    Timestamp created_at;
    std::uint64_t tail = 0;
    std::uint64_t first = 0;
    bool closed = false;
    bool soft_deleted = false;
    int forks = 0;
    std::optional<Producer> closed_by;
    std::optional<std::string> stream_seq;
    std::map<std::string, ProducerState> producers;
    std::vector<Piece> pieces;  ///< its own, not what it inherited
    std::chrono::milliseconds last_access{};

    std::uint64_t source = 0;  ///< incarnation; 0: not a fork
    std::uint64_t fork_offset = 0;
    std::optional<StreamPoint> requested_point;
    std::uint64_t requested_sub_offset = 0;

    [[nodiscard]] Framing framing() const { return framing_of(config.content_type); }
};

/// A request, as it waits in the store's queue.
struct Remove {
    StreamPath stream;
};
struct Truncate {
    StreamPath stream;
    Offset before;
};

class Model {
public:
    Model(const ManualClock& clock, std::size_t max_producers) : clock_(&clock), max_producers_(max_producers) {}

    Result<Created> apply(const CreateRequest& request);
    Result<Appended> apply(const AppendRequest& request);
    Result<std::vector<Appended>> apply(const std::vector<AppendRequest>& requests);
    Result<std::monostate> apply(const Remove& request);
    Result<Offset> apply(const Truncate& request);

    /// Deletes every stream whose time is over.
    void expire();
    /// The store was opened again: idle times begin anew.
    void restart();
    /// A read of this stream was accepted.
    void touch(const std::string& path);

    /// Null when there is none for clients.
    [[nodiscard]] const Stream* find(const std::string& path) const;
    /// Why `find` yields nothing: `gone` or `not_found`.
    [[nodiscard]] Refusal missing(const std::string& path) const;
    [[nodiscard]] StreamInfo info(const Stream& stream) const;
    [[nodiscard]] StreamPoint point(const Stream& stream, std::uint64_t offset) const;
    /// Everything a reader of the stream sees, from its first retained offset to its tail.
    [[nodiscard]] std::vector<Slice> contents(const Stream& stream) const;
    /// What the stream itself contributes to the feed.
    [[nodiscard]] std::vector<Slice> own_contents(const Stream& stream) const;
    [[nodiscard]] bool has_expired() const;

    [[nodiscard]] const std::map<std::uint64_t, Stream>& streams() const noexcept { return streams_; }
    [[nodiscard]] std::uint64_t tail() const noexcept { return next_position_; }

private:
    /// What an accepted append will do.
    struct Plan {
        bool creates = false;
        bool duplicate = false;
        bool changes_nothing = false;
    };
    [[nodiscard]] Result<Plan> plan(const AppendRequest& request) const;
    [[nodiscard]] Result<Plan> plan_new(const AppendRequest& request) const;
    [[nodiscard]] Result<Plan> plan_producer(const Stream& stream, const AppendRequest& request) const;
    [[nodiscard]] Appended carry_out(const Plan& plan, const AppendRequest& request);
    [[nodiscard]] Result<Created> existing(const Stream& stream, const CreateRequest& request) const;
    [[nodiscard]] Result<Stream> forked(const CreateRequest& request);

    [[nodiscard]] bool expired(const Stream& stream) const;
    [[nodiscard]] Stream* named(const std::string& path);
    [[nodiscard]] const Stream* named(const std::string& path) const;
    /// A stream of this path that hinders a new one.
    [[nodiscard]] bool is_held(const std::string& path) const;
    Stream& add(const std::string& path, Stream stream);
    void add_messages(Stream& stream, const Messages& messages);
    void record_deleted(std::uint64_t incarnation);
    [[nodiscard]] Refused refuse(Refusal reason, const Stream* stream = nullptr) const;
    void collect(const Stream& stream, std::uint64_t from, std::uint64_t to, std::vector<Slice>& slices) const;

    const ManualClock* clock_;
    std::size_t max_producers_;
    std::map<std::uint64_t, Stream> streams_;  ///< by incarnation; those that exist, soft-deleted ones included
    std::map<std::string, std::uint64_t> by_path_;
    std::uint64_t next_incarnation_ = 1;
    std::uint64_t next_position_ = 0;
};

}  // namespace foldback::model
