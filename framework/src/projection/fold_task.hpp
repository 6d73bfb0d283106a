#pragma once

#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "foldback/app/projection_runner.hpp"
#include "projection/bookkeeping.hpp"
#include "projection/filter.hpp"
#include "projection/rate.hpp"
#include "state/state_publisher.hpp"

namespace foldback::projection {

/// Stands for everything in a definition that decides what its tables hold.
[[nodiscard]] std::uint64_t fingerprint_of(const ProjectionDefinition& definition);

/// Throws std::invalid_argument when a definition contradicts itself.
void check(const ProjectionDefinition& definition);

/// How long to wait after the failed attempt number `attempt`, from 1.
[[nodiscard]] std::chrono::milliseconds delay_after(const RetryPolicy& retry, unsigned attempt);

/// Whether a fold's rows are those that readers see.
enum class Role : std::uint8_t { live, rebuild };

/// One projection being folded into one database: live, or as a rebuild. It has no thread and no lock: one thread at a
/// time, but `status`, `checkpoint` and `parked` from any.
class FoldTask {
public:
    FoldTask(StreamStore& store, const ProjectionRunnerOptions& options, const ProjectionDefinition& definition,
             std::shared_ptr<Database> database, Role role = Role::live);

    /// Finds the tables and the checkpoint, or creates them as `fresh` says. Throws std::invalid_argument when a table
    /// belongs to somebody else.
    void open(const Ledger& fresh);
    /// Reads the ledger again, after somebody else changed it. When that fails, the next step tries again, and until then
    /// nothing is applied or stored.
    void reload();
    /// Somebody is about to change the ledger: what is in memory counts no more until it is read again.
    void doubt() noexcept { is_stale_ = true; }

    /// Reads and applies one batch, of events before `until`; false when it may not or need not.
    bool step(Position until = {UINT64_MAX});
    /// Stores a checkpoint that moved although nothing matched. Throws DatabaseError.
    void save();

    void pause();
    void resume();
    void reset();
    void move(Position position);
    [[nodiscard]] std::vector<ParkedEvent> parked(std::size_t limit) const;
    ParkedRetry retry_parked(std::string_view key);
    bool drop_parked(Position position);

    /// What it says of itself at the end of its last step; the lag is not filled in.
    [[nodiscard]] ProjectionStatus status() const;
    [[nodiscard]] Position checkpoint() const noexcept { return {checkpoint_.load(std::memory_order_acquire)}; }
    [[nodiscard]] const Ledger& ledger() const noexcept { return ledger_; }
    [[nodiscard]] bool outdated() const noexcept { return outdated_; }
    [[nodiscard]] std::optional<std::chrono::milliseconds> retry_at() const noexcept { return retry_at_; }
    [[nodiscard]] Database& database() noexcept { return *database_; }
    [[nodiscard]] const std::vector<SchemaObject>& objects() const noexcept { return objects_; }
    [[nodiscard]] const Bookkeeping& books() const noexcept { return books_; }
    /// Absent when the projection publishes to no State stream.
    [[nodiscard]] const std::optional<state::StateTables>& state_tables() const noexcept { return state_tables_; }

private:
    struct Failure {
        std::size_t index = 0;  ///< of the event that failed; their number when it was the transaction as a whole
        std::string error;
        bool environment = false;
    };
    struct Prepared {
        std::shared_ptr<const void> value;
        std::exception_ptr error;
    };
    using Range = std::span<const FeedMessage>;

    // fold_task.cpp
    [[nodiscard]] bool may_retry() const;
    [[nodiscard]] bool ready() const;
    /// Sees to it that the ledger in memory is the stored one. Throws DatabaseError, and what the sink throws.
    void know_ledger();
    /// The same before a step: false when it was not possible now.
    [[nodiscard]] bool knows_ledger();
    /// Stores a ledger, and what `more` writes with it. Throws DatabaseError; then the ledger is read again before it is used.
    void store(const Ledger& ledger, const std::function<void(ReadModel&)>& more = {});
    void create(ReadModel& model, const Ledger& fresh);
    void pass_over(Position next);
    void forget_failure();
    void publish();
    void stop(std::string error, std::optional<Position> failing);

    // fold_state.cpp
    /// False: the stream cannot be asked, and nothing may be applied.
    [[nodiscard]] bool look_at_state_stream();
    void publish_state();

    // fold_apply.cpp
    void apply(Range events, Position next);
    [[nodiscard]] std::optional<Failure> apply_range(Range events, Position next);
    [[nodiscard]] std::optional<Failure> apply_to_tables(Range events, Position next);
    [[nodiscard]] std::vector<Prepared> prepare(Range events) const;
    void deliver(ReadModel& model, const FeedMessage& event, const Prepared* prepared, Ledger& ledger);
    [[nodiscard]] bool is_replay(const FeedMessage& event) const { return event.position < ledger_.high_water; }
    [[nodiscard]] bool is_left_out(const FeedMessage& event) const;
    [[nodiscard]] std::string key_of(const FeedMessage& event) const;
    [[nodiscard]] static std::string key_of_stream(const FeedMessage& event);
    [[nodiscard]] std::string told_key_of(const FeedMessage& event) const;
    [[nodiscard]] bool is_parked(const FeedMessage& event) const;
    [[nodiscard]] ParkedEvent to_park(const FeedMessage& event, std::string error, std::uint64_t attempts) const;
    [[nodiscard]] Ledger moved_to(Position next) const;
    void become(const Ledger& ledger);

    // fold_sink.cpp
    struct Partition;
    [[nodiscard]] std::optional<Failure> apply_to_sink(Range events, Position next);
    /// The same, once. Throws DeliverAgain.
    [[nodiscard]] std::optional<Failure> apply_and_flush(Range events, Position next);
    [[nodiscard]] std::vector<Partition> partitions_of(Range events) const;
    void run(Partition& partition, Range events) const;
    /// One event, with a flush of its own. Throws what the sink throws.
    void deliver_alone(const Delivery& delivery, Position next);
    /// When others were faster than the sink, it has taken nothing. Throws what the sink throws.
    void flush_sink(Position next);
    void commit_sink(const Ledger& ledger, const std::vector<ParkedEvent>& parked);

    // fold_poison.cpp
    void retry_later(const Failure& failure, unsigned attempt, std::optional<Position> failing);
    /// `event` is the next one: everything before it is applied and stored.
    void poisoned(const FeedMessage& event, const Failure& failure);
    void skip(const FeedMessage& event);
    void park(const FeedMessage& event, const Failure& failure);
    void apply_parked(const ParkedEvent& parked, const FeedMessage& event);
    /// The other key that the event would have now, if something earlier is parked with that.
    [[nodiscard]] std::optional<std::string> waits_for(const ParkedEvent& parked, const FeedMessage& event) const;

    StreamStore& store_;
    const ProjectionRunnerOptions& options_;
    const ProjectionDefinition& definition_;
    std::shared_ptr<Database> database_;
    Filter filter_;
    Bookkeeping books_;
    std::vector<SchemaObject> objects_;
    std::optional<state::StateTables> state_tables_;
    std::optional<state::StatePublisher> state_publisher_;  ///< of the live rows
    bool publishing_failed_ = false;
    bool sink_keeps_checkpoint_ = false;

    Ledger ledger_;
    /// A write failed, and may be there all the same, or somebody else wrote: the stored ledger may be another one.
    bool is_stale_ = true;
    Position saved_;  ///< the checkpoint that is stored
    std::chrono::milliseconds saved_at_{0};
    std::unordered_set<std::string> parked_keys_;
    std::uint64_t parked_count_ = 0;
    std::size_t batch_events_;
    /// Events beyond the checkpoint that an at-least-once sink has taken already.
    std::set<std::uint64_t> taken_ahead_;

    bool outdated_ = false;
    bool stopped_ = false;
    bool caught_up_ = false;
    std::string error_;
    std::optional<Position> failing_;
    unsigned attempts_ = 0;
    std::uint64_t failures_ = 0;
    std::optional<std::chrono::milliseconds> retry_at_;
    Rate rate_;

    std::atomic<std::uint64_t> checkpoint_{0};
    mutable std::mutex status_mutex_;  ///< guards `status_` and `shown_rate_`
    ProjectionStatus status_;
    Rate shown_rate_;
};

}  // namespace foldback::projection
