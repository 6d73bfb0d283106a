#pragma once

#include <cstdint>
#include <filesystem>

namespace foldback::client::detail {

/// A file that counts a producer's epochs up. It holds the last one that was taken, in decimal digits, and stays locked while
/// this lives.
class EpochLock {
public:
    /// Takes the next epoch; it is on the disk when this returns. Throws ClientError: `epoch_in_use` when another process or
    /// producer holds the file, `invalid_argument` when it cannot be written or its content is no epoch.
    explicit EpochLock(const std::filesystem::path& file);
    ~EpochLock();
    EpochLock(const EpochLock&) = delete;
    EpochLock& operator=(const EpochLock&) = delete;

    [[nodiscard]] std::uint64_t epoch() const noexcept { return epoch_; }

private:
    void take_next(const std::filesystem::path& file);

    int descriptor_;
    std::uint64_t epoch_ = 0;
};

}  // namespace foldback::client::detail
