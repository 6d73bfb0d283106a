#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foldback/app/database.hpp"
#include "foldback/app/projection_definition.hpp"
#include "foldback/store/clock.hpp"
#include "foldback/store/stream_store.hpp"

namespace foldback {

/// What a projection is doing.
enum class ProjectionState : std::uint8_t {
    catching_up,  ///< applies events that are there already
    live,         ///< has seen all of them, and waits for more
    retrying,     ///< waits for the next attempt after an error
    paused,       ///< by hand; also after the process starts again
    stopped,      ///< by an error: `error` and `failing` say which; `resume` tries again
    outdated,     ///< its definition is not that of its tables: rebuild or reset it
};

/// A short stable name of a state, such as "catching_up".
[[nodiscard]] const char* name_of(ProjectionState state) noexcept;

struct ProjectionStatus {
    std::string name;
    ProjectionState state = ProjectionState::catching_up;
    Position checkpoint;               ///< every event before it has been dealt with
    Position tail;                     ///< of the store
    std::uint64_t lag_events = 0;      ///< events between the two, also those that the filter leaves out
    std::chrono::milliseconds lag{0};  ///< how long the oldest of them has been waiting
    double events_per_second = 0;      ///< moved past, over the last ten seconds
    std::uint64_t applied = 0;         ///< events that reached the handler, since the tables were built
    std::uint64_t skipped = 0;         ///< poison events left out, since the tables were built
    std::uint64_t parked_events = 0;
    std::uint64_t parked_keys = 0;
    std::uint64_t attempts = 0;  ///< of the event that fails now
    std::uint64_t failures =
        0;              ///< attempts that failed, at any event and for any reason, since the runner has the projection
    std::string error;  ///< of the last failure, also of swapping a rebuild in; empty when there was none since
    std::optional<Position> failing;  ///< the event that fails now
};

/// An event that was put aside.
struct ParkedEvent {
    Position position;
    std::string key;
    std::string stream;
    StreamPoint offset;
    std::string error;  ///< empty: nothing is wrong with it but that it comes after one that failed
    std::uint64_t attempts = 0;
    Timestamp parked_at;
    bool replay = false;  ///< it came as a replay when it was parked
};

/// What trying a key's parked events again came to.
struct ParkedRetry {
    std::uint64_t applied = 0;
    std::uint64_t gone = 0;  ///< events whose stream was deleted or truncated meanwhile
    std::uint64_t remaining = 0;
    std::string error;  ///< of the first one that remains
};

enum class Waited : std::uint8_t {
    reached,  ///< the projection has seen everything before the position
    timed_out,
    not_running,  ///< it is paused, stopped or outdated, or nobody runs it: it would not come there by waiting
};

struct RebuildOptions {
    /// Swap the new tables in as soon as they have caught up with the store. When that fails, the rebuild's progress says
    /// `retrying` and why, the projection's status says why too, and it is tried again as the definition's `retry` says,
    /// without end.
    bool swap_when_caught_up = false;
};

/// How far new tables have come.
struct RebuildProgress {
    Position checkpoint;
    Position tail;
    std::uint64_t events_done = 0;
    std::uint64_t events_total = 0;
    double events_per_second = 0;
    std::optional<std::chrono::milliseconds> time_left;  ///< absent before a rate is known
    bool caught_up = false;
    ProjectionState state = ProjectionState::catching_up;
    std::string error;
};

/// A row that one side has and the other has not, or not as often.
struct DiffRow {
    std::vector<std::string> values;  ///< as SQLite's quote() writes them, in the order of `TableDiff::columns`
    std::uint64_t count = 1;          ///< how often that side has it
};

/// How new rows of one table differ from the live ones, compared as bags of rows over the columns that both have.
struct TableDiff {
    std::string table;
    std::vector<std::string> columns;
    std::vector<std::string> columns_only_live;
    std::vector<std::string> columns_only_rebuilt;
    std::uint64_t live_rows = 0;
    std::uint64_t rebuilt_rows = 0;
    std::uint64_t only_live = 0;  ///< different rows, not counting repetitions
    std::uint64_t only_rebuilt = 0;
    std::vector<DiffRow> sample_live;  ///< the first of them
    std::vector<DiffRow> sample_rebuilt;
};

struct RebuildDiff {
    Position live;  ///< the events that each side has seen; equal unless the live side does not run
    Position rebuilt;
    std::vector<TableDiff> tables;

    [[nodiscard]] bool same() const noexcept;
};

struct ProjectionRunnerOptions {
    const Clock* clock = &system_clock();  ///< must outlive the runner
    /// True: after `start` each projection (and each rebuild) has a thread of its own. False: the caller drives them
    /// with `step` and `run_until_caught_up`, and nothing else happens.
    bool background_threads = true;
    /// A checkpoint that moved although nothing matched is stored after this many events or this long, whichever is
    /// first, and when the runner stops.
    std::uint64_t checkpoint_events = 10'000;
    std::chrono::milliseconds checkpoint_every{5'000};
    /// While events come without a pause, a projection that has caught up takes them in batches that begin so far apart,
    /// and not each as it comes: a transaction, a read of the feed and the waking of a thread then serve many. Some batches
    /// are free, so an event after a quiet time is applied at once, and whoever waits for one (`wait_for`) gets it at once.
    /// 0: never rests. Only with threads.
    std::chrono::milliseconds batch_interval{25};
};

/// Runs projections over a store: reads it in commit order from each one's checkpoint, applies the events in batches,
/// one transaction per batch with the new checkpoint inside it, and goes on as new events come.
///
/// Killed at any instant, it goes on without an event left out or applied twice, because tables and checkpoint change
/// together or not at all. (Sinks: see `Sink`.)
///
/// All members may be called from any thread. Those that name a projection throw std::invalid_argument when there is
/// none of that name; DatabaseError when its database fails, and then nothing changed. Those that change something wait
/// for the batch that is being applied.
class ProjectionRunner {
public:
    /// `store` must outlive the runner. Starts nothing. Throws MissingCapability for a store without an order of its own.
    explicit ProjectionRunner(StreamStore& store, ProjectionRunnerOptions options = {});
    /// Stops.
    ~ProjectionRunner();
    ProjectionRunner(const ProjectionRunner&) = delete;
    ProjectionRunner& operator=(const ProjectionRunner&) = delete;

    /// Takes a projection whose tables and checkpoint are in `database` (of a sink: checkpoint and parked events). Creates
    /// the tables, or finds the ones it left. Throws std::invalid_argument when the definition contradicts itself, when
    /// the name is taken, or when a table of the schema belongs to somebody else. After `start` it begins at once. A
    /// rebuild that a crash interrupted goes on.
    void add(ProjectionDefinition definition, std::shared_ptr<Database> database);

    /// Starts the threads. Throws std::logic_error with `background_threads = false`.
    void start();
    /// Lets the batches under way finish, stores the checkpoints and joins the threads. `start` may follow.
    void stop();

    /// One batch of one projection or rebuild that has something to do, on the calling thread; false when none has.
    /// For runners without threads.
    bool step();
    /// Steps until every projection and rebuild has seen everything, waits for a retry, is paused or stopped.
    void run_until_caught_up();

    /// Waits until the projection has dealt with every event before `position` (an append's `next_position`), so that
    /// its tables show what was just appended. Without threads it steps the projection instead of waiting.
    [[nodiscard]] Waited wait_for(std::string_view name, Position position, std::chrono::milliseconds timeout);
    /// The same for all projections.
    [[nodiscard]] Waited wait_for_all(Position position, std::chrono::milliseconds timeout);

    [[nodiscard]] ProjectionStatus status(std::string_view name) const;
    [[nodiscard]] std::vector<ProjectionStatus> statuses() const;

    /// Stops applying until `resume`, also across a restart.
    void pause(std::string_view name);
    /// Ends a pause, or tries again after an error, from the event that failed and with all retries.
    void resume(std::string_view name);
    /// Empties the tables and begins anew: a rebuild in place. Parked events are forgotten: they come again. A reaction
    /// gets nothing again. The status shows the progress.
    void reset(std::string_view name);
    /// Moves the checkpoint and leaves the tables as they are. Forward: the events between are not applied. Backward:
    /// those between are applied again, marked as replay. Throws std::invalid_argument beyond the store's tail.
    void move(std::string_view name, Position position);

    /// Parked events in the order of their positions.
    [[nodiscard]] std::vector<ParkedEvent> parked(std::string_view name, std::size_t limit = 1000) const;
    /// Applies a key's parked events in order, each in a transaction of its own, until one fails. When all are applied
    /// the key goes on with the others.
    ParkedRetry retry_parked(std::string_view name, std::string_view key);
    /// Gives up one parked event; false when there is none at that position.
    bool drop_parked(std::string_view name, Position position);

    /// Builds new tables from the beginning in a file beside the database, with the definition that was added, while
    /// the live ones go on. Goes on with an interrupted rebuild of the same definition. Throws std::invalid_argument
    /// for sinks, reactions and virtual tables: reset them instead. Without effect while one is under way.
    void start_rebuild(std::string_view name, RebuildOptions options = {});
    /// Absent when no rebuild is under way.
    [[nodiscard]] std::optional<RebuildProgress> rebuild_progress(std::string_view name) const;
    /// Brings both sides to the same position and compares their rows, both ways; at most `max_rows` rows per table and
    /// side are listed. Throws std::invalid_argument when no rebuild is under way, std::runtime_error when it cannot
    /// come that far.
    [[nodiscard]] RebuildDiff diff_rebuild(std::string_view name, std::size_t max_rows = 100);
    /// Replaces the live tables by the new ones, once these have come at least as far, in one transaction: a reader
    /// sees the old rows or the new ones. Throws as `diff_rebuild` does.
    void swap_rebuild(std::string_view name);
    /// Gives the new tables up.
    void discard_rebuild(std::string_view name);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace foldback
