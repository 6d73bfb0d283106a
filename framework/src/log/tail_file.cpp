#include "log/tail_file.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "log/bytes.hpp"

namespace foldback::log {

namespace {

constexpr std::size_t piece_bytes = AlignedBytes::huge_page_bytes;

constexpr std::uint64_t block_of(std::uint64_t byte) noexcept { return byte & ~std::uint64_t{block_bytes - 1}; }

}  // namespace

class TailFile::Piece {
public:
    Piece(const std::shared_ptr<BlockPool>& pool, std::uint64_t begin, std::size_t size)
        : begin_(begin), bytes_(BlockPool::lend(pool, size)) {}

    [[nodiscard]] std::uint64_t begin() const noexcept { return begin_; }
    [[nodiscard]] std::uint64_t end() const noexcept { return begin_ + bytes_->size(); }
    [[nodiscard]] std::byte* at(std::uint64_t byte) const noexcept { return bytes_->data() + (byte - begin_); }

private:
    std::uint64_t begin_;
    std::shared_ptr<const AlignedBytes> bytes_;
};

TailFile::TailFile(std::shared_ptr<LogFile> file, std::shared_ptr<BlockPool> pool)
    : file_(std::move(file)), pool_(std::move(pool)) {}

TailFile::~TailFile() = default;

void TailFile::begin(std::uint64_t end) {
    auto piece = std::make_shared<Piece>(pool_, block_of(end), piece_bytes);
    const auto begun = std::span(piece->at(piece->begin()), end - piece->begin());
    if (file_->read_at(piece->begin(), begun) < begun.size()) {
        throw DeviceError(std::make_error_code(std::errc::io_error), "the log's last block is cut short");
    }
    writing_ = true;
    keep(std::move(piece), end);
}

std::span<std::byte> TailFile::room(std::size_t bytes) {
    lent_ = piece_with_room(bytes);
    written_ahead_from_.reset();
    return {lent_->at(end_), bytes};
}

void TailFile::settle() {
    writing_ = false;
    newest_ = nullptr;
    lent_ = nullptr;
    file_->settle();
    const std::lock_guard lock(mutex_);
    pieces_.clear();
}

void TailFile::write_at(std::uint64_t offset, std::span<const std::byte> data) {
    if (!writing_) return file_->write_at(offset, data);
    if (offset != end_) throw std::logic_error("the log is written elsewhere than at its end");
    auto piece = std::exchange(lent_, nullptr);
    auto written_from = std::exchange(written_ahead_from_, std::nullopt);
    if (!piece || piece->at(offset) != data.data()) {
        piece = piece_with_room(data.size());
        std::memcpy(piece->at(offset), data.data(), data.size());
        written_from.reset();
    }
    const auto end = offset + data.size();
    write_piece(*piece, block_of(offset), written_from.value_or(with_rest_of_block(*piece, end)));
    keep(piece, end);
}

void TailFile::write_ahead(std::span<const std::byte> data, std::size_t withheld) {
    if (!lent_ || lent_->at(end_) != data.data()) return;
    const auto from = round_up(end_ + withheld, block_bytes);
    const auto end = with_rest_of_block(*lent_, end_ + data.size());
    if (from >= end) return;
    write_piece(*lent_, from, end);
    written_ahead_from_ = from;
}

/// Where the block ends that `end` is in, whose rest is zeros from now on.
std::uint64_t TailFile::with_rest_of_block(const Piece& piece, std::uint64_t end) {
    const auto block_end = round_up(end, block_bytes);
    std::memset(piece.at(end), 0, block_end - end);
    return block_end;
}

void TailFile::write_piece(const Piece& piece, std::uint64_t begin, std::uint64_t end) {
    file_->write_blocks(begin, std::span(piece.at(begin), end - begin));
}

/// The newest piece, or one that goes on from its last block.
std::shared_ptr<TailFile::Piece> TailFile::piece_with_room(std::size_t bytes) {
    if (end_ + bytes <= newest_->end()) return newest_;
    const auto begin = block_of(end_);
    auto next = std::make_shared<Piece>(pool_, begin, std::max(piece_bytes, end_ - begin + bytes));
    std::memcpy(next->at(begin), newest_->at(begin), end_ - begin);
    return next;
}

void TailFile::keep(std::shared_ptr<Piece> piece, std::uint64_t end) {
    std::vector<PieceRef> dropped;  // given back to the pool after the lock is gone
    const std::lock_guard lock(mutex_);
    end_ = end;
    if (piece == newest_) return;
    newest_ = piece;
    pieces_.push_back(std::move(piece));
    const auto first_kept = end > recent_bytes ? end - recent_bytes : 0;
    while (pieces_.size() > 1 && pieces_[1]->begin() <= first_kept) {
        dropped.push_back(std::move(pieces_.front()));
        pieces_.pop_front();
    }
}

std::size_t TailFile::read_at(std::uint64_t offset, std::span<std::byte> out) const {
    std::vector<PieceRef> recent;
    std::uint64_t end = 0;
    {
        const std::lock_guard lock(mutex_);
        end = std::min<std::uint64_t>(end_, offset + out.size());
        for (std::size_t i = 0; i < pieces_.size() && offset < end; ++i) {
            const auto stop = i + 1 < pieces_.size() ? pieces_[i + 1]->begin() : end;
            if (pieces_[i]->begin() < end && stop > offset) recent.push_back(pieces_[i]);
        }
    }
    if (recent.empty()) return file_->read_at(offset, out);

    const auto from = std::max(offset, recent.front()->begin());
    for (std::size_t i = 0; i < recent.size(); ++i) {
        const auto begin = std::max(from, recent[i]->begin());
        const auto stop = i + 1 < recent.size() ? recent[i + 1]->begin() : end;
        std::memcpy(out.data() + (begin - offset), recent[i]->at(begin), stop - begin);
    }
    if (from > offset) {
        const auto older = out.first(from - offset);
        const auto count = file_->read_at(offset, older);
        if (count < older.size()) return count;
    }
    const auto later = out.subspan(end - offset);
    return later.empty() ? out.size() : end - offset + file_->read_at(end, later);
}

}  // namespace foldback::log
