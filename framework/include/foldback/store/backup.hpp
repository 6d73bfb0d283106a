#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "foldback/store/clock.hpp"
#include "foldback/store/log_store.hpp"

/// Backups of a store while it is used. A repository is a directory with segments of the log, each copied once, and a
/// manifest for every backup that names those it is made of.
namespace foldback {

/// One backup of a repository.
struct BackupInfo {
    std::string name;  ///< its time in UTC, such as 20261128T140312417Z: names sort as times do
    Timestamp created_at;
    Position next_position;  ///< one past its last message
    std::uint64_t segments = 0;
    std::uint64_t bytes = 0;
};

struct BackupReport {
    BackupInfo backup;
    std::uint64_t copied_segments = 0;
    std::uint64_t copied_bytes = 0;
    std::uint64_t reused_segments = 0;  ///< that an earlier backup had copied
};

/// Backs up the store in `directory`, which may be served meanwhile, by this process or another one: only segments are
/// read, neither the lock nor the index is touched. What was acknowledged before the call is in the backup; what is in
/// it is the log up to one place, whole commits only. Every commit that is copied is checked. Damage, and files that
/// cannot be read or written, throw StorageError, StoreLocked (another backup into this repository); the repository's
/// earlier backups are then as good as before.
[[nodiscard]] BackupReport backup_store(const std::filesystem::path& directory, const std::filesystem::path& repository,
                                        const std::function<void(const Progress&)>& on_progress = {},
                                        const Clock& clock = system_clock());

/// The backups of a repository, oldest first. Throws StorageError when there is none of that path, or a manifest is
/// damaged.
[[nodiscard]] std::vector<BackupInfo> list_backups(const std::filesystem::path& repository);

/// Forgets all but the newest backups, and removes the segments that no other is made of; returns the bytes given back.
/// Throws StorageError, StoreLocked.
std::uint64_t forget_backups(const std::filesystem::path& repository, std::size_t kept);

struct RestoreRequest {
    std::filesystem::path repository;
    /// Must not exist, or be empty.
    std::filesystem::path directory;
    /// Empty: the newest; with a moment, the oldest that reaches it.
    std::string backup{};
    /// As it was when the message before this position had just been committed. Commits are whole: messages that were
    /// committed together with that position's own are left out, too.
    std::optional<Position> up_to{};
    /// As it was then; a commit of exactly that time is left out.
    std::optional<Timestamp> before{};
};

struct RestoreReport {
    std::string backup;
    Position next_position;  ///< one past the last message restored
    std::uint64_t segments = 0;
    std::uint64_t bytes = 0;
    bool cut = false;  ///< the backup holds more than was asked for
};

/// Makes a store of a backup, checks it as `verify_store` does, and only then gives it its name. A moment before data
/// was given back by rewriting cannot be restored from a later backup: that is refused, and says from where on it can.
/// Throws StorageError, StoreLocked (another restoration into `directory`); nothing is left in `directory` then.
[[nodiscard]] RestoreReport restore_store(const RestoreRequest& request,
                                          const std::function<void(const Progress&)>& on_progress = {});

}  // namespace foldback
