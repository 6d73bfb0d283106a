#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "foldback/store/errors.hpp"
#include "foldback/store/log_store.hpp"
#include "foldback/store/types.hpp"
#include "log/device.hpp"
#include "log/record.hpp"

/// The commit log: numbered segments of commits, each flushed whole. One writer; readers from any thread.
namespace foldback::log {

/// A byte in the log: where a commit begins, or one past the last one.
struct Place {
    std::uint64_t segment = 0;
    std::uint64_t byte = 0;

    friend auto operator<=>(const Place&, const Place&) = default;
};

inline constexpr std::size_t segment_header_bytes = 4096;
inline constexpr std::size_t commit_header_bytes = 56;

/// The first 4096 bytes of a segment file, named by its number in 10 digits + ".segment" (0000000001.segment, …).
struct SegmentHeader {
    std::uint64_t number = 0;
    std::uint64_t epoch = 0;       ///< random, different for every segment and every rewriting of it
    std::uint64_t generation = 0;  ///< how often the segment was rewritten
    Position first_position;       ///< of the first message that was written to it
    Incarnation next_incarnation;  ///< not yet given to a stream when the segment was begun
    std::uint64_t capacity = 0;    ///< bytes reserved for the file
};

/// Segment header: "FOLDBSEG" · u32 format (1) · u32 CRC32C of bytes 16…63 · number · epoch · generation ·
/// first_position · next_incarnation · capacity · zeros.
[[nodiscard]] std::string encode_segment_header(const SegmentHeader& header);

/// Commit header: u32 magic "FBCM" · u32 CRC32C of the whole commit after this field · u64 epoch of the segment ·
/// u64 first_position · i64 timestamp_ms · u32 payload bytes (multiple of 8) · u32 records · u32 CRC of the
/// segment's previous commit (0: first) · u32 flags (1: seals the segment) · u32 messages · u32 zero.
struct CommitHeader {
    std::uint32_t crc = 0;
    std::uint64_t epoch = 0;
    Position first_position;
    std::int64_t timestamp_ms = 0;
    std::uint32_t payload_bytes = 0;
    std::uint32_t records = 0;
    std::uint32_t previous_crc = 0;
    bool seals = false;
    std::uint32_t messages = 0;
};

/// A commit of which no more need be known to tell what follows it.
struct LastCommit {
    Place place;  ///< segment 0: there is none
    std::uint32_t crc = 0;

    friend bool operator==(const LastCommit&, const LastCommit&) = default;
};

/// A device holds something else than the copy that was to be opened; nothing was changed.
class ForeignDirectory : public StorageError {
public:
    using StorageError::StorageError;
};

/// The device failed; what lies on it may be as good as ever.
class DeviceFailed : public StorageError {
public:
    using StorageError::StorageError;
};

/// A whole, checked commit. Views are valid during the callback that got it.
struct CommitView {
    CommitHeader header;
    Place place;                   ///< of its header
    std::uint64_t generation = 0;  ///< of its segment
    std::string_view payload;      ///< its records, one after another
};

struct SharedAppend;
struct SharedCommit;

/// A segment that can be read. Immutable identity: a rewritten segment is another object.
class Segment {
public:
    Segment(SegmentHeader header, std::shared_ptr<LogFile> file) : header_(header), file_(std::move(file)) {}

    [[nodiscard]] const SegmentHeader& header() const noexcept { return header_; }

    /// Fills `out` from `byte`. Throws StorageError when the device fails or the segment is shorter.
    void read(std::uint64_t byte, std::span<std::byte> out) const;

    [[nodiscard]] LogFile& file() const noexcept { return *file_; }

private:
    SegmentHeader header_;
    std::shared_ptr<LogFile> file_;
};

/// Collects the records of one commit. Reused from commit to commit, so that its buffer is allocated once.
class CommitBuilder {
public:
    CommitBuilder() { clear(); }

    void clear();
    /// Begins anew in memory that the log lent (`Log::room`).
    void begin_in(std::span<std::byte> room);

    /// Appends a record; returns where its header begins, counted from the commit's first byte.
    template <class Record>
    std::uint64_t add(const Record& record) {
        const auto at = buffer_.size();
        encode(record, buffer_);
        ++records_;
        return at;
    }
    /// Appends an already encoded record (rewriting).
    std::uint64_t add_encoded(std::string_view record_bytes);

    void count_messages(std::uint32_t messages) noexcept { messages_ += messages; }
    [[nodiscard]] bool empty() const noexcept { return records_ == 0; }
    /// The records so far, as a CommitView's payload.
    [[nodiscard]] std::string_view records() const noexcept { return buffer_.view().substr(commit_header_bytes); }
    /// Bytes the commit will take, header included.
    [[nodiscard]] std::size_t size() const noexcept { return buffer_.size(); }
    [[nodiscard]] std::uint32_t messages() const noexcept { return messages_; }

    /// Completes the header; the view is valid until the builder changes.
    [[nodiscard]] std::string_view finish(std::uint64_t epoch, Position first_position, std::int64_t timestamp_ms,
                                          std::uint32_t previous_crc, bool seals = false);
    /// The CRC that `finish` put into the header.
    [[nodiscard]] std::uint32_t crc() const noexcept { return crc_; }

private:
    void begin();

    ByteBuffer buffer_;
    std::uint32_t records_ = 0;
    std::uint32_t messages_ = 0;
    std::uint32_t crc_ = 0;
};

/// What opening found in the log.
struct Recovery {
    Place tail;                    ///< one past the last whole commit
    Position next_position;        ///< one past the last message
    Incarnation next_incarnation;  ///< a lower bound from the segment headers; the fold raises it
    std::uint64_t segments = 0;
    std::uint64_t scanned_bytes = 0;
    std::uint64_t torn_bytes = 0;
    Place read_from;  ///< in the segment of `from`: what lies before it there was not read
};

/// A shared log as those know it who keep a copy: see SharedLog.
struct SharedOrigin {
    std::string name;
    SegmentHeader first_segment;
};

/// Removes a copy, so that an empty one can be opened; what marks it as a copy stays. Throws DeviceError.
void discard_copy(LogDevice& device);

class Log {
public:
    struct Options {
        std::uint64_t segment_bytes = 64 << 20;
        std::function<void(const Progress&)> on_progress;
        /// Yields the epochs of new segments, never the same twice. Empty: random. For tests that repeat bit by bit.
        std::function<std::uint64_t()> next_epoch;
        /// Where a commit begins that lies before `from` in its segment and was durable when whoever tells learned of it;
        /// segment 0: none is known. That segment is read from there, and what lies before in it is not.
        Place known_commit;
        /// The log is a copy of a shared one: it grows by `accept` alone, and is flushed only where a segment ends, for it
        /// can be fetched again. Its FORMAT names its origin.
        std::optional<SharedOrigin> copy_of;
    };
    using OnCommit = std::function<void(const CommitView&)>;

    /// Opens the log of a device, or begins one (segment 1) on an empty device. The caller holds the device's lock.
    /// Calls `on_commit` for each commit at or after `from` ({0,0}: the beginning), in order, the empty ones that seal
    /// a segment included. `from` must be a place that was once a tail, otherwise
    /// throws StorageError ("beyond the log": the caller then discards what told it so and starts from the beginning).
    ///
    /// The last segment with commits may end in a torn commit: if nothing valid follows, it is cut (overwritten with zeros
    /// and synced before this returns). What is found is made durable before this returns, even if the process that
    /// wrote it died before its flush or after a failed one. Anything else that is wrong — an invalid commit that valid ones follow, a
    /// segment that is missing, unsealed though another follows, or of a foreign or newer format — throws DamagedLog
    /// and changes nothing. A device that has a FORMAT file but not one segment is refused likewise. Throws DeviceFailed
    /// when the device fails. Needs no space, except to begin a log.
    /// Only the segments from `from` on are scanned, that of `from` from `known_commit` on; of earlier ones the headers
    /// are read.
    [[nodiscard]] static std::unique_ptr<Log> open(std::shared_ptr<LogDevice> device, Options options, Place from,
                                                   const OnCommit& on_commit, Recovery& recovery);

    // ---- the writer's side: one thread at a time ----

    /// Makes sure that a commit of `bytes` fits into the current segment, sealing it and beginning the next one where
    /// needed (`next_incarnation` goes into its header). Throws DeviceError with is_full() when there is no space: then
    /// nothing has changed and a later call may succeed. Throws StorageError and poisons the log on any other failure.
    /// A commit larger than a segment gets a segment of its own size.
    void ensure_room(std::size_t bytes, Incarnation next_incarnation);

    /// Memory at the log's end for a commit of up to so many bytes: one that is built there is written without being
    /// copied. Good for the next commit only. Empty where such a commit may have to begin a segment, which is never so after `ensure_room`.
    [[nodiscard]] std::span<std::byte> room(std::size_t bytes);

    /// Writes a commit after the tail and flushes it; returns the place of its header. The commit's first message gets
    /// `next_position()`. Throws StorageError and poisons the log when anything fails.
    Place write(CommitBuilder& commit, std::int64_t timestamp_ms);

    /// In a copy: what the shared log is to append so that it goes on with this commit, where the copy ends. The views are
    /// valid until `commit` changes or the next call; nothing of the copy changes. `next_incarnation` goes into the header of
    /// the segment that it may begin.
    [[nodiscard]] SharedAppend propose(CommitBuilder& commit, std::int64_t timestamp_ms, Incarnation next_incarnation);

    /// In a copy: writes a part of what was proposed, so that `accept` of it is short, while it is not known whether that will come. Without
    /// the rest it is nothing. A failure is one of that `accept`.
    void write_ahead(const SharedAppend& proposed) noexcept;

    /// In a copy: whether it ends with a seal, behind which nothing can be proposed.
    [[nodiscard]] bool is_sealed() const noexcept;

    /// In a copy: takes over the next commit of the shared log. The view is as valid as that of `commit`. Throws StorageError and poisons
    /// the log when the commit does not go on where the copy ends, or the device fails.
    CommitView accept(const SharedCommit& commit);

    /// The last commit, seals included; none right after a copy was opened whose last segment is empty.
    [[nodiscard]] LastCommit last_commit() const noexcept;

    /// One past the last durable commit / message.
    [[nodiscard]] Place tail() const noexcept;
    [[nodiscard]] Position next_position() const noexcept;
    [[nodiscard]] bool poisoned() const noexcept { return poisoned_.load(); }

    // ---- any thread ----

    /// Zero-fills the file that will become the next segment, in slices; false when it is ready (or there is no space).
    /// Called by a background thread; the writer never waits for it: outrun, it takes a merely allocated file.
    bool prepare_next_segment();

    /// Null when there is none of that number.
    [[nodiscard]] std::shared_ptr<const Segment> segment(std::uint64_t number) const;
    /// One generation of a segment: the current one, or the one that was announced to follow it. Otherwise null.
    [[nodiscard]] std::shared_ptr<const Segment> segment(std::uint64_t number, std::uint64_t generation) const;
    [[nodiscard]] std::vector<std::shared_ptr<const Segment>> segments() const;

    /// Calls `on_commit` for each commit from `from` up to `to` (both once a tail), checking each, until it returns
    /// false; the empty commits that seal a segment included. Throws StorageError where a commit is not whole.
    void scan(Place from, Place to, const std::function<bool(const CommitView&)>& on_commit) const;

    /// The same over one segment object, to its seal (or to `end_byte`, when given).
    static void scan_segment(const Segment& segment, std::uint64_t from_byte, std::optional<std::uint64_t> end_byte,
                             const std::function<bool(const CommitView&)>& on_commit);

    // ---- rewriting a sealed segment; one thread at a time, not the writer's concern ----

    /// A new generation of a sealed segment, being written beside it.
    ///
    /// Destroying it before it is finished removes what was written.
    class Rewrite {
    public:
        Rewrite(Rewrite&&) noexcept = default;
        Rewrite& operator=(Rewrite&&) = delete;
        ~Rewrite();

        /// Adds a commit (its records chosen by the caller); returns the byte where it begins. Not yet synced. The
        /// commit's `count_messages` is what its records still count. Positions may leave gaps but never go back.
        /// Throws DeviceError (is_full) or StorageError; then the rewrite must be given up.
        std::uint64_t add(CommitBuilder& commit, Position first_position, std::int64_t timestamp_ms);
        [[nodiscard]] std::uint64_t bytes() const noexcept { return end_; }

    private:
        friend class Log;
        Rewrite(std::shared_ptr<LogDevice> device, SegmentHeader header, Position end_position);

        void write_pending();

        std::shared_ptr<LogDevice> device_;
        SegmentHeader header_;
        std::unique_ptr<LogFile> file_;
        std::string pending_;  ///< the bytes before end_ that are not yet in the file
        std::uint64_t end_ = segment_header_bytes;
        std::uint32_t previous_crc_ = 0;
        std::int64_t timestamp_ms_ = 0;  ///< of the last commit
        Position next_position_;         ///< one past the last message added
        Position end_position_;          ///< where the next segment begins
    };

    /// The segment must not be the last one. Throws DeviceError (is_full) or StorageError and leaves the log as it was.
    [[nodiscard]] Rewrite begin_rewrite(std::uint64_t number);
    /// Seals and syncs the new generation, renames it over the old file and syncs the directory. From then on, a
    /// restart sees the new one; `segment(number)` still gives the old one until `publish`. Throws as `begin_rewrite`
    /// does before the renaming; a failure of the renaming itself throws StorageError and poisons the log.
    [[nodiscard]] std::shared_ptr<const Segment> finish_rewrite(Rewrite rewrite);
    /// Lets readers find a finished generation beside the current one, until it is published.
    void announce(std::shared_ptr<const Segment> segment);
    /// Puts a finished generation into the place of the current one.
    void publish(std::shared_ptr<const Segment> segment);

    ~Log();

private:
    friend class Opening;
    struct State;

    Log(std::shared_ptr<LogDevice> device, Options options);

    void check_not_poisoned() const;
    void poison(const std::string& why);
    void poison_on_failure(const std::function<void()>& work);
    void poison_unless_full(const std::function<void()>& work);

    [[nodiscard]] CommitView read_next(const SharedCommit& commit) const;
    void reserve_current();
    void reserve_copy();
    void begin_segment(std::uint64_t bytes, Incarnation next_incarnation);
    void seal_current();

    std::unique_ptr<State> state_;
    std::atomic<bool> poisoned_{false};
};

}  // namespace foldback::log
