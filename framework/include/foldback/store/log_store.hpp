#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "foldback/store/clock.hpp"
#include "foldback/store/measured_store.hpp"

namespace foldback {

class LogDevice;
class SharedLog;

/// How long work (an index rebuild, a verification) has come. `total` may be 0 when unknown.
struct Progress {
    std::string_view what;
    std::uint64_t done_bytes = 0;
    std::uint64_t total_bytes = 0;
};

/// What opening found. Written to the log by the server and printed by `foldback verify`.
struct OpenReport {
    std::uint64_t segments = 0;
    std::uint64_t scanned_bytes = 0;  ///< log read beyond what the index covers
    std::uint64_t torn_bytes = 0;     ///< cut from the tail: an unacknowledged commit that was not written whole
    bool index_rebuilt = false;
    std::string index_rebuilt_because;
    std::string copy_discarded_because{};  ///< of a shared log: it is fetched again; empty: it was good, or is new
};

struct LogStoreOptions {
    std::uint64_t segment_bytes = 64 << 20;     ///< size of a new segment; at most 1 GiB
    std::uint64_t max_queued_bytes = 64 << 20;  ///< appends waiting for the writer; beyond it `busy`
    std::size_t max_commit_bytes = 8 << 20;     ///< a commit takes no further append beyond this
    std::size_t max_append_bytes = 64 << 20;    ///< payload of one write; beyond it `bad_request`
    std::size_t max_producers_per_stream = 10'000;
    std::size_t max_resident_streams = 16'384;  ///< streams kept in memory beyond those in use
    std::uint64_t checkpoint_bytes = 16 << 20;  ///< log written between two index checkpoints
    double rewrite_dead_fraction = 0.5;         ///< a sealed segment with more dead bytes than this is rewritten
    std::uint64_t rewrite_bytes_per_second = 64 << 20;
    const Clock* clock = &system_clock();  ///< must outlive the store
    /// False: the store starts no thread; a caller drives it with `run_until_idle` and the blocking calls.
    bool background_threads = true;
    std::function<void(const Progress&)> on_progress;
    /// Called once, on the writer thread, when the store breaks (a flush failed).
    std::function<void(const std::string&)> on_broken;
    /// Called on the maintenance thread when work that nobody waits for failed (an index checkpoint, a rewriting); it is
    /// tried again.
    std::function<void(const std::string&)> on_trouble;
};

/// The embedded engine: a commit log and what is derived from it.
///
/// One LogStore owns a data directory at a time. Destroying it finishes the commit that is being flushed, completes
/// queued writes with `stopped`, checkpoints the index and joins its threads.
class LogStore final : public MeasuredStore {
public:
    /// Opens or creates a store in `directory`. Throws StoreLocked, DamagedLog, StorageError.
    [[nodiscard]] static std::unique_ptr<LogStore> open(const std::filesystem::path& directory,
                                                        LogStoreOptions options = {}, OpenReport* report = nullptr);

    /// A store in memory: the same engine over a memory device; gone when destroyed.
    [[nodiscard]] static std::unique_ptr<LogStore> in_memory(LogStoreOptions options = {});

    /// A store over any device. `index_file` is where SQLite keeps the index; empty: in memory.
    [[nodiscard]] static std::unique_ptr<LogStore> over(std::shared_ptr<LogDevice> device, LogStoreOptions options,
                                                        const std::filesystem::path& index_file = {},
                                                        OpenReport* report = nullptr);

    /// A node of a log that several share, such as `open_postgres_log` gives: this directory holds its copy, which is a cache.
    /// Folds all that the log holds before it returns. The shared log outlives the store if it is kept elsewhere; no other store of this
    /// process may use it. Throws as `open` does, and StoreUnavailable.
    [[nodiscard]] static std::unique_ptr<LogStore> open_shared(std::shared_ptr<SharedLog> shared,
                                                               const std::filesystem::path& directory,
                                                               LogStoreOptions options = {},
                                                               OpenReport* report = nullptr);

    /// The same with its copy on any device.
    [[nodiscard]] static std::unique_ptr<LogStore> over_shared(std::shared_ptr<SharedLog> shared,
                                                               std::shared_ptr<LogDevice> copy, LogStoreOptions options,
                                                               const std::filesystem::path& index_file = {},
                                                               OpenReport* report = nullptr);

    ~LogStore() override;

    using StreamStore::append;
    using StreamStore::append_all;
    using StreamStore::create;
    using StreamStore::remove;
    using StreamStore::truncate_before;

    void create(CreateRequest request, Completion<Created> done) override;
    void append(AppendRequest request, Completion<Appended> done) override;
    void append_all(std::vector<AppendRequest> requests, Completion<std::vector<Appended>> done) override;
    void remove(StreamPath stream, Completion<std::monostate> done) override;
    void truncate_before(StreamPath stream, Offset offset, Completion<Offset> done) override;
    [[nodiscard]] Result<ReadPage> read(const ReadRequest& request) override;
    [[nodiscard]] FeedPage read_feed(const FeedRequest& request) override;
    [[nodiscard]] Result<StreamInfo> head(const StreamPath& stream) override;
    [[nodiscard]] StreamList list(const ListRequest& request) override;
    [[nodiscard]] Position tail() override;
    [[nodiscard]] Watch watch(const StreamPath& stream, Offset beyond, std::function<void()> changed) override;
    [[nodiscard]] Watch keep_alive(const StreamPath& stream) override;
    [[nodiscard]] Watch watch_feed(Position beyond, std::function<void()> changed) override;

    [[nodiscard]] StoreStats stats() override;
    [[nodiscard]] std::uint64_t stored_bytes(const StreamPath& stream) override;

    /// Commits what is queued, deletes what expired, checkpoints the index and rewrites what is due, on the calling
    /// thread, until nothing is left to do.
    void run_until_idle();

    /// One piece of that work; false when there was none. For tests that choose the order of work from a seed.
    enum class Work : std::uint8_t { commit, expire, checkpoint, rewrite };
    bool run_one(Work work);

protected:
    void make_progress() override;

private:
    class Engine;
    explicit LogStore(std::unique_ptr<Engine> engine);

    std::unique_ptr<Engine> engine_;
};

/// What reading a whole store found.
struct VerifyReport {
    std::uint64_t segments = 0;
    std::uint64_t commits = 0;
    std::uint64_t records = 0;
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
    std::uint64_t torn_bytes = 0;     ///< after the last whole commit: unacknowledged, cut at the next opening
    std::vector<std::string> damage;  ///< one sentence each: segment, byte, what is wrong
    [[nodiscard]] bool sound() const noexcept { return damage.empty(); }
};

/// Reads every commit of a store and checks it, without changing anything and without its lock.
[[nodiscard]] VerifyReport verify_store(const std::filesystem::path& directory,
                                        const std::function<void(const Progress&)>& on_progress = {});

struct SalvageReport {
    std::uint64_t kept_commits = 0;
    std::uint64_t quarantined_bytes = 0;
    std::vector<std::string> actions;  ///< what was done, one sentence each
};

/// Makes a damaged store open again, as it was just before the first damaged place: that segment is copied to
/// `quarantine/` and cut there, later segments are moved to `quarantine/`, the index is rebuilt at the next opening.
/// Nothing is thrown away. Does nothing to a sound store. Throws StoreLocked, StorageError.
[[nodiscard]] SalvageReport salvage_store(const std::filesystem::path& directory);

}  // namespace foldback
