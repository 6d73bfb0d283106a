#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "foldback/store/capabilities.hpp"
#include "foldback/store/errors.hpp"
#include "foldback/store/messages.hpp"
#include "foldback/store/read_page.hpp"
#include "foldback/store/types.hpp"

namespace foldback {

/// What a stream is, fixed when it is created.
struct StreamConfig {
    std::string content_type = "application/octet-stream";
    /// Sliding window: the stream expires after this long without a read or write. Excludes `expires_at`.
    std::optional<std::chrono::seconds> ttl{};
    /// Absolute expiry.
    std::optional<Timestamp> expires_at{};

    friend bool operator==(const StreamConfig&, const StreamConfig&) = default;
};

/// Where a fork leaves its source (PROTOCOL §4.2).
struct ForkFrom {
    StreamPath source;
    /// Absent: the source's tail.
    std::optional<StreamPoint> at{};
    /// Messages (JSON) or bytes past `at`.
    std::uint64_t sub_offset = 0;
};

struct CreateRequest {
    StreamPath stream;
    /// For a fork an empty content type means the source's, and absent ttl/expires_at mean the source's.
    StreamConfig config{};
    Messages initial{};
    /// Create it closed, with `initial` as its whole content.
    bool closed = false;
    std::optional<ForkFrom> fork{};
};

/// What is known of a stream at one durable moment.
struct StreamInfo {
    StreamPath stream;
    Incarnation incarnation;
    StreamConfig config;
    StreamPoint tail;
    Offset first;  ///< the earliest retained offset
    bool closed = false;
    Timestamp created_at;
    /// Forks only.
    std::optional<StreamPath> forked_from{};
    std::optional<StreamPoint> fork_point{};
};

struct Created {
    /// False: a stream with the same configuration was already there; nothing changed.
    bool created = false;
    StreamInfo info;
};

/// An idempotent producer's place (PROTOCOL §5.2.1). `epoch` and `seq` are at most 2^53-1.
struct Producer {
    std::string id;
    std::uint64_t epoch = 0;
    std::uint64_t seq = 0;
};

struct AppendRequest {
    StreamPath stream;
    /// May be empty only when `close` is set, and in an assertion; see append_all.
    Messages messages{};
    /// Must be the stream's media type. Empty: only the framing is compared.
    std::string content_type{};
    /// The tail the writer believes in. Absent: any. Offset 0 also matches a stream that does not exist yet, if
    /// `create_with` is given.
    std::optional<Offset> expected{};
    /// The same as a wire token says it: refused also when the stream was deleted and created again since.
    std::optional<StreamPoint> expected_point{};
    std::optional<Producer> producer{};
    /// Must be byte-wise greater than the last one accepted by this stream (scope: the stream).
    std::optional<std::string> stream_seq{};
    /// Close the stream with this append.
    bool close = false;
    /// Create the stream with this configuration, in the same commit, when it does not exist.
    std::optional<StreamConfig> create_with{};
};

struct Appended {
    /// The tail before and after. For a duplicate both are the current tail.
    StreamPoint first;
    StreamPoint next;
    /// Positions of the first message and one past the last; equal for a duplicate and for a bare close.
    Position first_position;
    Position next_position;
    /// The producer's tuple was already accepted: nothing was appended now.
    bool duplicate = false;
    /// The stream is closed now.
    bool closed = false;
    /// Highest accepted sequence number of the producer, when one was given.
    std::uint64_t producer_seq = 0;
};

/// Where a read begins.
struct FromStart {};
struct FromTail {};
using ReadFrom = std::variant<FromStart, FromTail, Offset, StreamPoint>;

enum class Direction : std::uint8_t { forward, backward };

struct ReadRequest {
    StreamPath stream;
    /// Forward: the first message wanted. Backward: one past it. A StreamPoint of another incarnation is refused
    /// (bad_offset); so is any offset beyond the tail.
    ReadFrom from = FromStart{};
    Direction direction = Direction::forward;
    /// The page ends before the message that would exceed this many payload bytes, but holds at least one message.
    std::size_t max_bytes = 1 << 20;
    std::size_t max_messages = SIZE_MAX;
    /// Whether this read restarts the sliding expiry (PROTOCOL §5.1 Stream-TTL). Costs no disk write; over a log that
    /// nodes share one in about a time to live, for which a read near the stream's end waits.
    bool renews_ttl = true;
    /// Of a log that nodes share: a page that reaches the tail has all that other nodes had acknowledged before the read. False, for
    /// those who watch and so hear of it soon: all that this node has folded, which costs no question.
    bool latest = true;
};

struct FeedRequest {
    Position from{};
    /// Only streams whose path starts with this.
    std::string prefix{};
    /// Streams whose path starts with none of these are not wanted; empty: all are. A store may hand them over all the same,
    /// as one does that is asked over HTTP.
    std::vector<std::string> prefixes{};
    std::size_t max_bytes = 1 << 20;
    std::size_t max_messages = SIZE_MAX;
    bool latest = true;  ///< as in ReadRequest
};

struct ListRequest {
    std::string prefix{};
    /// Continue after this path.
    std::string after{};
    std::size_t limit = 1000;
};

struct StreamList {
    std::vector<StreamInfo> streams;  ///< ordered by path
    bool complete = true;             ///< false: there are more; continue after the last one
};

/// Keeps a watch alive; destroying it ends the watch. A callback already running on another thread may still finish.
class Watch {
public:
    Watch() = default;
    explicit Watch(std::function<void()> cancel) : cancel_(std::move(cancel)) {}
    Watch(Watch&& other) noexcept : cancel_(std::exchange(other.cancel_, nullptr)) {}
    Watch& operator=(Watch&& other) noexcept {
        if (this != &other) {
            stop();
            cancel_ = std::exchange(other.cancel_, nullptr);
        }
        return *this;
    }
    ~Watch() { stop(); }

    void stop() {
        if (auto cancel = std::exchange(cancel_, nullptr)) cancel();
    }

private:
    std::function<void()> cancel_;
};

/// Called exactly once with the outcome of a write, on the store's writer thread (or on the caller's, before the call
/// returns, when the request is refused at once). Must not block and must not throw.
template <class Value>
using Completion = std::function<void(Result<Value>)>;

/// The port: named streams of messages that outlive the process.
///
/// Every write is atomic and, when its completion reports a value, durable. Nothing is visible to any read, watch or
/// refusal before it is durable. All members may be called from any thread at any time. Reads run on the calling
/// thread and may read from disk (ReadMode forbids it); they throw StorageError when the device fails or the data is
/// damaged, and StoreUnavailable when a store elsewhere cannot be reached. `broken`, `full`, `busy` and `stopped` refusals can come from
/// every write, from one elsewhere also `unavailable` and `outcome_unknown`.
class StreamStore {
public:
    virtual ~StreamStore() = default;

    /// What this store can do beyond creating, appending to and reading single streams. Asking for something else throws
    /// MissingCapability; ask at the start, by `require`. The same for the life of the store.
    [[nodiscard]] virtual Capabilities capabilities() const noexcept { return Capabilities::all(); }

    /// Creates a stream or a fork (PROTOCOL §5.1, §4.2). An existing stream with the same configuration is a success
    /// that changes nothing. Refusals: exists, source_not_found, source_gone, content_type (fork), bad_offset (fork),
    /// bad_request.
    virtual void create(CreateRequest request, Completion<Created> done) = 0;

    /// Appends messages and/or closes (PROTOCOL §5.2, §5.2.1, §5.3). Checks, in this order: existence, closure (a
    /// bare close of a closed stream and the closing producer's duplicate succeed), content type, producer (a
    /// duplicate succeeds), expected offset, Stream-Seq. Refusals: not_found, gone, closed, content_type, stale_epoch,
    /// epoch_start, sequence_gap, too_many_producers, offset_mismatch, stream_seq, bad_request.
    virtual void append(AppendRequest request, Completion<Appended> done) = 0;

    /// Appends to several streams in one commit: all or none, and none when any is refused (the first refusal is
    /// reported). A stream may occur only once. Results are in the order of the requests.
    ///
    /// A request without messages that does not close, with `expected` or `expected_point`, is an assertion: it appends nothing,
    /// and the commit is refused (offset_mismatch, not_found, gone) unless the stream, which may be closed, is there then.
    /// `expected` 0 holds for a stream that does not exist, too. An assertion has no producer, stream_seq or create_with.
    virtual void append_all(std::vector<AppendRequest> requests, Completion<std::vector<Appended>> done) = 0;

    /// Deletes a stream (PROTOCOL §5.4). With forks reading it, its data stays until the last of them is gone.
    /// Refusals: not_found, gone.
    virtual void remove(StreamPath stream, Completion<std::monostate> done) = 0;

    /// Gives up the data before an offset; the value is the earliest offset retained. Forks keep what they share.
    /// Refusals: not_found, gone, bad_offset (beyond the tail).
    virtual void truncate_before(StreamPath stream, Offset offset, Completion<Offset> done) = 0;

    /// Refusals: not_found, gone, bad_offset, truncated.
    [[nodiscard]] virtual Result<ReadPage> read(const ReadRequest& request) = 0;

    /// Messages of all streams that still exist, in commit order; of forks, what they appended themselves. Positions
    /// before the earliest retained one start at that.
    [[nodiscard]] virtual FeedPage read_feed(const FeedRequest& request) = 0;

    /// Refusals: not_found, gone. Never renews a sliding expiry.
    [[nodiscard]] virtual Result<StreamInfo> head(const StreamPath& stream) = 0;

    [[nodiscard]] virtual StreamList list(const ListRequest& request) = 0;

    /// One past the last durable message of the whole store; of a log that nodes share, of what this node has folded.
    [[nodiscard]] virtual Position tail() = 0;

    /// Calls back once, when the stream has data at or after `beyond`, or is closed, deleted or expired; at once (on
    /// the calling thread) when that is already so, but soon and on another thread when the store is elsewhere. Read again to
    /// learn what happened.
    [[nodiscard]] virtual Watch watch(const StreamPath& stream, Offset beyond, std::function<void()> changed) = 0;

    /// Stops a sliding expiry (PROTOCOL §5.1 Stream-TTL) for as long as the returned object lives; its end restarts the
    /// window. Nothing for a stream that has none, or does not exist. Costs no disk write. The store must outlive it.
    [[nodiscard]] virtual Watch keep_alive(const StreamPath& /*stream*/) { return {}; }

    /// Calls back once, when the store's tail is greater than `beyond`; when that is already so, as `watch` does.
    [[nodiscard]] virtual Watch watch_feed(Position beyond, std::function<void()> changed) = 0;

    /// The same operations for callers that wait. They throw StorageError for broken and stopped,
    /// StoreUnavailable for unavailable and OutcomeUnknown for outcome_unknown.
    [[nodiscard]] Result<Created> create(CreateRequest request);
    [[nodiscard]] Result<Appended> append(AppendRequest request);
    [[nodiscard]] Result<std::vector<Appended>> append_all(std::vector<AppendRequest> requests);
    [[nodiscard]] Result<std::monostate> remove(StreamPath stream);
    [[nodiscard]] Result<Offset> truncate_before(StreamPath stream, Offset offset);

protected:
    /// Runs the store's own work on the calling thread when it has no threads of its own; otherwise does nothing.
    virtual void make_progress() {}
};

}  // namespace foldback
