#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <random>

#include "log/device.hpp"

namespace foldback {

/// A device in memory that keeps what was synced apart from what was only written, and fails on purpose. Everything it
/// does follows from its seed and the order of calls.
class FaultyDevice final : public LogDevice, public std::enable_shared_from_this<FaultyDevice> {
public:
    explicit FaultyDevice(std::uint64_t seed);

    /// What the next calls suffer. Probabilities per call, 0 to 1.
    struct Faults {
        double write_fails = 0;      ///< EIO after writing a random prefix
        double sync_fails = 0;       ///< EIO; a random subset of the unsynced writes is lost, the rest counts as clean
        double read_fails = 0;       ///< EIO
        double short_write = 0;      ///< the write is done in two halves (the device loops): must have no effect
        std::uint64_t capacity_bytes = UINT64_MAX;  ///< beyond it allocate and extending writes throw ENOSPC
    };
    void set_faults(Faults faults);

    /// Power loss: of every file's unsynced writes a random subset survives, each torn at a 512-byte boundary (counted from
    /// the file's start) with some probability, in any order; unsynced creations, renames and removals are undone or kept at random,
    /// keeping their order; allocated but unwritten space reads as zeros. All open files and locks become invalid
    /// (every call on them throws EIO). The device can then be used again.
    void crash();

    /// Process death (kill -9): everything written survives; open files and locks become invalid.
    void kill();

    /// Flips one bit of a file, in its durable and current contents.
    void flip_bit(std::string_view name, std::uint64_t bit);

    /// Counters, for tests that must know that a fault happened.
    [[nodiscard]] std::uint64_t faults_injected() const;
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
    // The implementer completes this part.
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace foldback
