#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "log/aligned_blocks.hpp"
#include "log/log.hpp"
#include "log/zeros_at_end.hpp"

/// Finding and checking commits in the bytes of a segment.
namespace foldback::log {

/// The header at the start of `bytes`, if it is one of a commit of the segment with that epoch. Its CRC is not checked.
[[nodiscard]] std::optional<CommitHeader> read_commit_header(std::string_view bytes, std::uint64_t epoch) noexcept;

/// The CRC that the header of a commit tells.
[[nodiscard]] std::uint32_t crc_of(std::string_view commit) noexcept;

/// Whether a commit that is intact has flags that this version does not know.
[[nodiscard]] bool has_unknown_parts(std::string_view commit) noexcept;

/// Whether the bytes of a whole commit have the CRC in its header.
[[nodiscard]] bool is_intact(std::string_view commit, const CommitHeader& header) noexcept;

/// A window on a file that is read in large blocks.
class FileWindow {
public:
    /// Nothing at or after `end` is read.
    FileWindow(const ReadableFile& file, std::uint64_t end) : file_(&file), end_(end) {}

    [[nodiscard]] std::uint64_t end() const noexcept { return end_; }

    /// Up to `bytes` bytes at `at`; fewer only at the end. Valid until the next call. Throws DeviceError.
    [[nodiscard]] std::string_view at(std::uint64_t at, std::uint64_t bytes);

    /// As many bytes at `at` as one block holds; empty at the end.
    [[nodiscard]] std::string_view block_at(std::uint64_t at);

    /// The first byte at or after `at` that may differ from zero.
    [[nodiscard]] std::uint64_t next_written(std::uint64_t at) const { return file_->next_written(at); }

    /// What was read before is read again.
    void forget() noexcept { size_ = 0; }

private:
    void move_to(std::uint64_t at, std::uint64_t bytes);
    [[nodiscard]] char* place_of(std::uint64_t at) const noexcept {
        return reinterpret_cast<char*>(buffer_->data()) + (at - begin_);
    }

    const ReadableFile* file_;
    std::uint64_t end_;
    std::shared_ptr<const AlignedBytes> buffer_;
    std::uint64_t begin_ = 0;  ///< of the bytes in the buffer
    std::uint64_t size_ = 0;
};

/// How often the tail of a log that is being written is looked at before it counts as damaged.
constexpr int looks_at_the_tail = 4;

/// Reads the commits of a segment one after another and checks each: CRC, epoch, and that it continues the one before.
class CommitReader {
public:
    /// Starts at `from_byte`, where a commit must begin; stops at `end_byte` or after the seal.
    CommitReader(const ReadableFile& file, const SegmentHeader& segment, std::uint64_t from_byte,
                 std::uint64_t end_byte);

    /// The next commit; empty at the end, or where there is no whole commit: then `problem()` says why. Views are valid
    /// until the next call. Throws DeviceError.
    [[nodiscard]] std::optional<CommitView> next();

    /// All of the last commit read, its header included; as valid as its view.
    [[nodiscard]] std::string_view bytes() const noexcept { return bytes_; }
    /// One past the last commit read.
    [[nodiscard]] std::uint64_t byte() const noexcept { return byte_; }
    /// Of the last commit read.
    [[nodiscard]] std::uint64_t last_commit_byte() const noexcept { return last_commit_byte_; }
    [[nodiscard]] bool sealed() const noexcept { return sealed_; }
    /// One past the last message read.
    [[nodiscard]] Position next_position() const noexcept { return next_position_; }
    [[nodiscard]] std::uint32_t previous_crc() const noexcept { return previous_crc_.value_or(0); }

    /// Why `next` found no commit before the end; empty when it simply ended.
    [[nodiscard]] const std::string& problem() const noexcept { return problem_; }
    /// The problem is a commit with a right CRC in the wrong place: not what a torn write leaves.
    [[nodiscard]] bool is_misplaced() const noexcept { return misplaced_; }

    /// Lets `next` look again where it found no commit: somebody may be writing there.
    void look_again() noexcept { window_.forget(); }

    /// What lies after the last commit read, where `next` found none.
    struct Rest {
        /// Where the first whole commit of this segment begins that belongs after those read.
        std::optional<std::uint64_t> later_commit{};
        /// Without such a commit: one past the last byte that is not zero, or `byte()` when all are.
        std::uint64_t end_of_data = 0;
    };
    /// What `zeros` knows to be zero by then is not read.
    [[nodiscard]] Rest rest(const ZerosAtEnd* zeros = nullptr);

private:
    [[nodiscard]] std::optional<std::uint64_t> find_commit_in(std::string_view block, std::uint64_t block_byte);
    [[nodiscard]] std::string misfit(const CommitView& commit, std::string_view bytes) const;

    SegmentHeader segment_;
    FileWindow window_;
    std::uint64_t byte_;
    std::uint64_t last_commit_byte_ = 0;
    std::string_view bytes_;
    std::optional<std::uint32_t> previous_crc_;  ///< empty: not known, because reading began in the middle
    Position next_position_;
    bool sealed_ = false;
    bool misplaced_ = false;
    std::string problem_;
};

}  // namespace foldback::log
