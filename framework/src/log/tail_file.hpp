#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "log/aligned_blocks.hpp"
#include "log/device.hpp"

namespace foldback::log {

/// The file of the segment that is being written. Between `begin` and `settle` it is written in whole blocks past the page
/// cache, and its newest bytes are kept in memory: the last block is written from there again when it grows, and whoever
/// follows the tail reads there. (Measured: write and flush of 16 KiB 151 µs instead of 168 µs, of 0.8 MB 392 µs instead
/// of 590 µs; docs/decisions/0012.)
///
/// A block that grows is written with the same bytes before its old end, as the page cache would: what a torn write may
/// leave of it, old or new, holds them.
class TailFile final : public LogFile {
public:
    /// So much of what was written last is in memory, unless a single write is larger.
    static constexpr std::size_t recent_bytes = 8 << 20;

    TailFile(std::shared_ptr<LogFile> file, std::shared_ptr<BlockPool> pool);
    ~TailFile() override;

    /// From now on each write begins where the last one ended, the first one at `end`; what follows `end` in its block is
    /// overwritten with zeros. The file's space is allocated in whole blocks. Throws DeviceError.
    void begin(std::uint64_t end);
    /// Memory for the next write, of up to `bytes`: what is put there is written without being copied.
    [[nodiscard]] std::span<std::byte> room(std::size_t bytes);
    /// Writes some of what the next `write_at` is to write, which then has less to do: the whole blocks behind the first `withheld` bytes
    /// of data that lies in memory that `room` gave. Until then it is not read. When something else is written there instead, what
    /// is longer than that stays in the file behind its end, as a torn write leaves it. Throws DeviceError.
    void write_ahead(std::span<const std::byte> data, std::size_t withheld);
    /// No more writes come; nothing of the file is kept in memory.
    void settle() override;

    [[nodiscard]] std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) const override;
    /// Throws std::logic_error when writing has begun and `offset` is not its end.
    void write_at(std::uint64_t offset, std::span<const std::byte> data) override;
    void sync() override { file_->sync(); }
    void allocate(std::uint64_t size) override { file_->allocate(size); }
    [[nodiscard]] std::uint64_t size() const override { return file_->size(); }
    [[nodiscard]] std::uint64_t next_written(std::uint64_t offset) const override {
        return file_->next_written(offset);
    }
    [[nodiscard]] bool may_be_read_ahead() const override { return file_->may_be_read_ahead(); }

private:
    /// Memory for the bytes from `begin` on, a multiple of `block_bytes`.
    class Piece;
    using PieceRef = std::shared_ptr<const Piece>;

    [[nodiscard]] std::shared_ptr<Piece> piece_with_room(std::size_t bytes);
    [[nodiscard]] static std::uint64_t with_rest_of_block(const Piece& piece, std::uint64_t end);
    void write_piece(const Piece& piece, std::uint64_t begin, std::uint64_t end);
    void keep(std::shared_ptr<Piece> piece, std::uint64_t end);

    const std::shared_ptr<LogFile> file_;
    const std::shared_ptr<BlockPool> pool_;

    // The writer's alone.
    bool writing_ = false;
    std::shared_ptr<Piece> newest_;
    std::shared_ptr<Piece> lent_;                      ///< holds the memory that `room` gave
    std::optional<std::uint64_t> written_ahead_from_;  ///< of what lies in it

    mutable std::mutex mutex_;     // guards what follows; only the writer changes it
    std::deque<PieceRef> pieces_;  ///< oldest first; each begins in the last block of the one before
    std::uint64_t end_ = 0;        ///< of what is in memory
};

}  // namespace foldback::log
