#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "foldback/store/backup.hpp"
#include "foldback/store/log_store.hpp"
#include "log/device.hpp"

namespace foldback::log {

/// Copies the first `bytes` of a file and syncs them; returns their CRC32C. `on_bytes` is told what was copied since it
/// was last told. Throws DeviceError, StorageError when the file is shorter.
std::uint32_t copy_file(const LogFile& from, LogFile& to, std::uint64_t bytes,
                        const std::function<void(std::uint64_t)>& on_bytes);

/// Backs up the store of one device into a repository on another, while somebody writes the store or nobody does. A segment that
/// `store` closes, because it keeps few files open, and that is rewritten before it is copied, costs another look at all segments.
/// Throws DeviceError, StorageError.
BackupReport back_up(LogDevice& store, LogDevice& repository, const std::function<void(const Progress&)>& on_progress,
                     Timestamp now);

/// Adds up what is done and tells of it every few megabytes.
class ProgressSum {
public:
    ProgressSum(const std::function<void(const Progress&)>& tell, std::string_view what, std::uint64_t total)
        : tell_(tell), what_(what), total_(total) {}

    void add(std::uint64_t bytes) {
        done_ += bytes;
        if (!tell_ || done_ < told_ + step) return;
        told_ = done_;
        tell_({.what = what_, .done_bytes = done_, .total_bytes = total_});
    }

private:
    static constexpr std::uint64_t step = 4 << 20;

    const std::function<void(const Progress&)>& tell_;
    std::string_view what_;
    std::uint64_t total_;
    std::uint64_t done_ = 0;
    std::uint64_t told_ = 0;
};

}  // namespace foldback::log
