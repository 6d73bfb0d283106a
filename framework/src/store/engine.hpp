#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "foldback/store/log_store.hpp"
#include "index/catalog.hpp"
#include "index/index_db.hpp"
#include "log/log.hpp"
#include "store/feed.hpp"
#include "store/maintenance.hpp"
#include "store/reader.hpp"
#include "store/renewals.hpp"
#include "store/watchers.hpp"
#include "store/writer.hpp"

namespace foldback {

/// The parts of a LogStore and its threads.
class LogStore::Engine {
public:
    /// With a shared log, the device holds this node's copy of it.
    Engine(std::shared_ptr<LogDevice> device, LogStoreOptions options, const std::filesystem::path& index_file,
           OpenReport& report, std::shared_ptr<SharedLog> shared = {});
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;
    ~Engine();

    [[nodiscard]] Watch watch(const StreamPath& stream, Offset beyond, std::function<void()> changed);
    [[nodiscard]] Watch watch_feed(Position beyond, std::function<void()> changed);
    [[nodiscard]] Position tail() const;
    [[nodiscard]] StoreStats stats();
    bool run_one(Work work);
    void make_progress();

    [[nodiscard]] bool shares_log() const noexcept { return shared_ != nullptr; }
    /// Folds what other nodes had acknowledged before this call, as far as the shared log is within reach. Throws NotInMemory where
    /// the thread must not wait for it.
    void fold_news();
    [[nodiscard]] log::Place folded_to() const;
    /// As Renewals::settle; nothing is to be decided where no other node is.
    [[nodiscard]] Result<bool> settle(const StreamPath& stream, Renewals::Use use);

    Writer& writer() noexcept { return *writer_; }
    Reader& reader() noexcept { return *reader_; }
    FeedReader& feed() noexcept { return *feed_; }

private:
    void open(const std::filesystem::path& index_file, OpenReport& report);
    /// The same for a copy, which is thrown away when it is damaged or not of what the shared log holds now.
    void open_copy(const std::filesystem::path& index_file, OpenReport& report);
    /// Throws DamagedLog when the shared log does not hold what the copy ends with.
    void check_copy() const;
    void close_log() noexcept;
    void join_others(std::shared_ptr<SharedLog> shared);
    /// Opens index and log and folds what the index lacks. Throws StorageError when the index does not fit the log.
    void open_with_index(const std::filesystem::path& index_file, OpenReport& report);
    /// Throws StorageError when the index cannot know what a rewriting has dropped since.
    void check_not_rewritten_from(std::uint64_t segment) const;
    void reindex_rewritten();
    void save_rebuilt_index();
    void start_threads();
    void run_writer();
    void run_maintenance();
    void maintain();
    void run_filler();
    void run_renewals();
    /// What was read here outlives this node's end.
    void renew_all() noexcept;
    [[nodiscard]] bool pace(std::uint64_t bytes);
    [[nodiscard]] bool is_stopping();
    /// Reads what opening left out of a segment, so that damage there is told before somebody needs what is in it.
    void check_unread();
    /// Until all is learned or the store is closed.
    void learn_paths();
    void report_trouble(const std::string& what);

    LogStoreOptions options_;
    std::shared_ptr<LogDevice> device_;
    std::unique_ptr<DeviceLock> lock_;
    std::shared_ptr<SharedLog> shared_;  ///< null: the log is this store's own
    std::unique_ptr<index::IndexDb> index_;
    std::unique_ptr<index::Catalog> catalog_;
    std::unique_ptr<log::Log> log_;
    log::Place read_from_;  ///< what lies before it in its segment was not read at opening
    Watchers watchers_;
    std::unique_ptr<Writer> writer_;
    std::unique_ptr<Reader> reader_;
    std::unique_ptr<FeedReader> feed_;
    std::unique_ptr<Maintenance> maintenance_;
    std::unique_ptr<Renewals> renewals_;  ///< null: the log is this store's own
    std::mutex maintenance_mutex_;        ///< its work is one at a time, whoever runs it

    std::mutex wake_mutex_;
    std::condition_variable wake_;
    bool stopping_ = false;
    bool work_is_due_ = false;
    bool filler_is_due_ = true;
    std::atomic<bool> fills_ahead_{true};
    std::thread writer_thread_;
    std::thread maintenance_thread_;
    std::thread filler_thread_;   ///< prepares segments of a log of its own
    std::thread renewal_thread_;  ///< of a log that nodes share
};

}  // namespace foldback
