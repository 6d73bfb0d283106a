#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace bench {

/// The bare loop that no log can beat: writes of one size, each followed by fdatasync, into a zero-filled file.
class RawLog {
public:
    RawLog(const std::filesystem::path& file, std::uint64_t capacity);
    ~RawLog();
    RawLog(const RawLog&) = delete;
    RawLog& operator=(const RawLog&) = delete;

    /// Groups of `bytes` written and flushed per second, over about `seconds`.
    [[nodiscard]] double groups_per_second(std::size_t bytes, double seconds);

private:
    int file_;
    std::uint64_t capacity_;
    std::uint64_t at_ = 0;
};

/// Reads all segments of a store with pread in pieces of 1 MiB and computes their CRC32C; returns the seconds taken.
/// `bytes` gets how much that was.
[[nodiscard]] double scan_segments(const std::filesystem::path& store, std::uint64_t& bytes);

}  // namespace bench
