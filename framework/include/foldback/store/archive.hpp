#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "foldback/store/log_store.hpp"

/// The archive of a log that nodes share: a place that all of them reach, with the log's sealed segments, byte for byte. A node that
/// begins with nothing takes them from there instead of from the log, and what is there need not stay in the log. The place is a
/// directory, or what S3 stores: see foldback/s3/s3_bucket.hpp.
namespace foldback {

class ArchivePlace;
class LogDevice;
class SharedLog;
class SharedSegments;
namespace log {
class Archive;
struct LastCommit;
}  // namespace log

/// An archive's place that is a directory, which is made when it is missing. Throws StorageError.
[[nodiscard]] std::shared_ptr<ArchivePlace> archive_in(const std::filesystem::path& directory);

struct ArchiveReading {
    /// Told, on a thread of the store's, what is wrong with a segment of the archive; it is taken from the log then.
    std::function<void(const std::string&)> on_trouble{};
    /// Told, on the same, of each segment that was taken from the archive.
    std::function<void(const Progress&)> on_progress{};
};

/// A shared log, for LogStore::open_shared, of which what the archive holds is read there: at the start of a node, and wherever the log
/// does not hold it any more. A segment is taken only when each of its commits is whole and the log confirms its seal; else it is taken
/// from the log. Throws StorageError when the directory is a store, or the archive of another log, or cannot be read.
[[nodiscard]] std::shared_ptr<SharedLog> with_archive(std::shared_ptr<SharedLog> log,
                                                      const std::filesystem::path& directory,
                                                      ArchiveReading options = {});
/// The same with the archive in any place. One that cannot be reached is told of, and used when it can. Calls that need what only the
/// archive has throw StoreUnavailable while that cannot be read. A node's copy that ends with what was moved to the archive is kept, and
/// opening it throws StorageError, when the archive does not hold that segment whole.
[[nodiscard]] std::shared_ptr<SharedLog> with_archive(std::shared_ptr<SharedLog> log,
                                                      std::shared_ptr<ArchivePlace> place, ArchiveReading options);
/// The same with the archive on any device.
[[nodiscard]] std::shared_ptr<SharedLog> with_archive(std::shared_ptr<SharedLog> log,
                                                      std::shared_ptr<LogDevice> directory, ArchiveReading options);

struct ArchiverOptions {
    /// How many sealed segments, the newest, stay in the log. Older ones are removed from it when they have been read back from the
    /// archive. 0: all stay.
    std::uint64_t segments_in_log = 0;
    std::chrono::milliseconds interval{500};  ///< between two looks for segments that were sealed
    bool background_thread = true;            ///< without it, somebody calls `run_one`
    /// Told, on the archiver's thread, what failed. Unless a segment is missing or damaged in both places it is tried again.
    std::function<void(const std::string&)> on_trouble{};
};

/// Puts the segments of a shared log into its archive as they are sealed, on a thread of its own: one archiver of all nodes at a time, and
/// another one when that is gone. Wherever it ends, a segment is in the log or in the archive, whole.
class Archiver {
public:
    /// Throws StorageError as `with_archive` does.
    Archiver(std::shared_ptr<SharedSegments> segments, const std::filesystem::path& directory, ArchiverOptions options);
    /// The same in any place, which is used by nobody else. One that cannot be reached is told of, and used when it can.
    Archiver(std::shared_ptr<SharedSegments> segments, std::shared_ptr<ArchivePlace> place, ArchiverOptions options);
    /// The same on any device.
    Archiver(std::shared_ptr<SharedSegments> segments, std::shared_ptr<LogDevice> directory, ArchiverOptions options);
    Archiver(const Archiver&) = delete;
    Archiver& operator=(const Archiver&) = delete;
    /// Ends when the segment under way is done, or given up where that needs another machine.
    ~Archiver();

    /// Archives one segment, or removes one from the log; false when there was nothing to do, or another node does it. Throws
    /// StorageError. For an archiver without a thread.
    bool run_one();

private:
    void run();
    [[nodiscard]] bool lead();
    void do_or_skip(const std::function<void()>& work);
    void archive(std::uint64_t number);
    void put(const log::LastCommit& seal);
    void move_out(std::uint64_t number);
    [[nodiscard]] bool is_safe(const log::LastCommit& seal);
    void tell(const std::string& what);

    std::shared_ptr<SharedSegments> segments_;
    std::unique_ptr<log::Archive> archive_;
    ArchiverOptions options_;
    bool leads_ = false;
    std::uint64_t next_ = 0;   ///< to be archived
    std::uint64_t first_ = 0;  ///< to be removed from the log
    std::string told_;         ///< the trouble that was told last

    std::mutex mutex_;
    std::condition_variable wake_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace foldback
