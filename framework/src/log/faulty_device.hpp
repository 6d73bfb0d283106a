#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "log/device.hpp"

namespace foldback {

/// A device in memory that keeps what was synced apart from what was only written, and fails on purpose. Everything it
/// does follows from its seed and the order of calls.
class FaultyDevice final : public LogDevice {
public:
    explicit FaultyDevice(std::uint64_t seed);

    /// What the next calls suffer. Probabilities per call, 0 to 1.
    struct Faults {
        double write_fails = 0;  ///< EIO after writing a random prefix
        /// EIO; a random subset of the unsynced writes is lost. As on Linux, reads go on showing what was lost until the
        /// next crash, and the next sync knows nothing of it.
        double sync_fails = 0;
        double read_fails = 0;   ///< EIO
        double short_write = 0;  ///< the write is done in two halves (the device loops): must have no effect
        std::uint64_t capacity_bytes = UINT64_MAX;  ///< beyond it allocate and extending writes throw ENOSPC
    };
    void set_faults(Faults faults);

    /// After that many more changing calls (write, sync, allocate, creation, rename, remove, sync_directory) have
    /// succeeded, the power fails during the next one: it and all later calls throw EIO until `crash` or `kill`.
    void lose_power_after(std::uint64_t calls);

    /// After that many more changing calls have succeeded, the next one fails once with this error: a write after
    /// writing a random prefix, a sync as with `sync_fails`, the others without effect.
    void fail_once_after(std::uint64_t calls, std::errc error);

    /// Power loss: any random subset of every file's unsynced writes survives, each torn at 512-byte boundaries (counted
    /// from the file's start) with some probability; of the unsynced creations, renames and removals the first few are
    /// kept and the others undone; allocated but unwritten space reads as zeros. All open files and locks become
    /// invalid (every call on them throws EIO). The device can then be used again.
    void crash();

    /// Process death (kill -9): everything written survives, unsynced as it was; open files and locks become invalid.
    void kill();

    /// Flips one bit of a file, in its durable and current contents.
    void flip_bit(std::string_view name, std::uint64_t bit);

    /// Counters, for tests that must know that a fault happened.
    [[nodiscard]] std::uint64_t faults_injected() const;
    [[nodiscard]] std::uint64_t changing_calls() const;
    [[nodiscard]] std::uint64_t syncs() const;
    [[nodiscard]] std::uint64_t used_bytes() const;

    [[nodiscard]] std::unique_ptr<LogFile> open(std::string_view name, Open mode) override;
    [[nodiscard]] std::vector<std::string> list() const override;
    void rename(std::string_view from, std::string_view to) override;
    void remove(std::string_view name) override;
    void sync_directory() override;
    [[nodiscard]] std::unique_ptr<DeviceLock> try_lock() override;
    [[nodiscard]] std::string describe(std::string_view name) const override;

private:
    struct State;
    class File;
    class Lock;

    std::shared_ptr<State> state_;
};

}  // namespace foldback
