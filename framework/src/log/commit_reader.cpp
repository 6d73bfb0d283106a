#include "log/commit_reader.hpp"

#include <algorithm>
#include <cstring>

#include "log/bytes.hpp"

namespace foldback::log {

namespace {

constexpr std::uint64_t window_bytes = 128 << 10;  // what is copied stays in the processor's cache
/// Of the memory of windows, kept for later ones: to touch fresh memory costs as much as to read into it.
constexpr std::size_t max_spare_bytes = 4 << 20;

std::shared_ptr<BlockPool> memory() {
    static const auto pool = std::make_shared<BlockPool>(max_spare_bytes);
    return pool;
}

}  // namespace

std::string_view FileWindow::at(std::uint64_t at, std::uint64_t bytes) {
    const std::uint64_t available = at < end_ ? end_ - at : 0;
    bytes = std::min(bytes, available);
    if (at < begin_ || at + bytes > begin_ + size_) {
        move_to(at, std::min(std::max(bytes, window_bytes), available));
        bytes = std::min(bytes, size_);
    }
    if (bytes == 0) return {};
    return {place_of(at), bytes};
}

/// What the window has of that already is kept, so that nothing is read twice.
void FileWindow::move_to(std::uint64_t at, std::uint64_t bytes) {
    const bool overlaps = at >= begin_ && at < begin_ + size_;
    const std::uint64_t kept = overlaps ? std::min(begin_ + size_ - at, bytes) : 0;
    const char* const begun = overlaps ? place_of(at) : nullptr;
    const auto before = buffer_;
    if (!before || bytes > before->size()) {
        const auto doubled = before ? std::min(2 * std::uint64_t{before->size()}, end_ - at) : 0;
        buffer_ = BlockPool::lend(memory(), std::max(bytes, doubled));
    }
    begin_ = at;
    size_ = kept;
    if (kept > 0) std::memmove(place_of(at), begun, kept);
    size_ += file_->read_at(at + kept, std::as_writable_bytes(std::span(place_of(at) + kept, bytes - kept)));
}

std::string_view FileWindow::block_at(std::uint64_t at) { return this->at(at, window_bytes); }

CommitReader::CommitReader(const ReadableFile& file, const SegmentHeader& segment, std::uint64_t from_byte,
                           std::uint64_t end_byte)
    : segment_(segment), window_(file, end_byte), byte_(from_byte) {
    if (from_byte == segment_header_bytes) {
        previous_crc_ = 0;
        next_position_ = segment.first_position;
    }
}

std::optional<CommitView> CommitReader::next() {
    problem_.clear();
    misplaced_ = false;
    if (sealed_ || byte_ >= window_.end()) return {};

    const auto start = window_.at(byte_, commit_header_bytes);
    const auto header = read_commit_header(start, segment_.epoch);
    if (!header) {
        problem_ = is_zero(start) ? "there is no commit" : "this is not the header of a commit of this segment";
        return {};
    }
    const std::uint64_t size = commit_header_bytes + header->payload_bytes;
    const auto bytes = window_.at(byte_, size);
    if (bytes.size() < size) {
        problem_ = "the commit is cut off by the end of the file";
        return {};
    }
    if (!is_intact(bytes, *header)) {
        problem_ = "the commit does not match its checksum";
        return {};
    }
    const CommitView commit{.header = *header,
                            .place = {.segment = segment_.number, .byte = byte_},
                            .generation = segment_.generation,
                            .payload = bytes.substr(commit_header_bytes)};
    problem_ = misfit(commit, bytes);
    if (!problem_.empty()) {
        misplaced_ = true;
        return {};
    }
    last_commit_byte_ = byte_;
    bytes_ = bytes;
    byte_ += size;
    sealed_ = header->seals;
    previous_crc_ = header->crc;
    next_position_.value = header->first_position.value + header->messages;
    return commit;
}

std::string CommitReader::misfit(const CommitView& commit, std::string_view bytes) const {
    if (has_unknown_parts(bytes)) return "the commit has flags of a newer format";
    if (commit.header.seals && commit.header.records != 0) return "a commit that seals the segment has records";
    if (!previous_crc_) return {};
    if (*previous_crc_ != commit.header.previous_crc) return "the commit does not continue the one before it";
    // Rewriting drops commits with all their messages, and so leaves gaps.
    const auto first = commit.header.first_position;
    const bool continues = segment_.generation == 0 ? first == next_position_ : first >= next_position_;
    if (!continues) return "the commit's position does not continue the one before it";
    return {};
}

CommitReader::Rest CommitReader::rest(const ZerosAtEnd* zeros) {
    Rest rest{.later_commit = {}, .end_of_data = byte_};
    const auto end = [&] { return zeros == nullptr ? window_.end() : std::min(window_.end(), zeros->begin()); };
    for (std::uint64_t block_byte = window_.next_written(byte_); block_byte < end();) {
        const auto block = window_.block_at(block_byte);
        if (block.empty()) break;
        if (!is_zero(block)) {
            rest.end_of_data = block_byte + block.find_last_not_of('\0') + 1;
            rest.later_commit = find_commit_in(std::string(block), block_byte);
            if (rest.later_commit) return rest;
        }
        // The next block begins where this one has no room for a header; at the end of the file that is behind it.
        const auto searched =
            block.size() < commit_header_bytes ? block.size() : block.size() - commit_header_bytes + 1;
        block_byte = window_.next_written(round_up(block_byte + searched, 8));
    }
    return rest;
}

/// `block` is a copy: looking at a commit moves the window.
std::optional<std::uint64_t> CommitReader::find_commit_in(std::string_view block, std::uint64_t block_byte) {
    for (std::uint64_t i = 0; i + commit_header_bytes <= block.size(); i += 8) {
        const auto header = read_commit_header(block.substr(i), segment_.epoch);
        if (!header || block_byte + i == byte_ || header->first_position < next_position_) continue;
        const std::uint64_t size = commit_header_bytes + header->payload_bytes;
        const auto commit = window_.at(block_byte + i, size);
        if (commit.size() == size && is_intact(commit, *header)) return block_byte + i;
    }
    return {};
}

}  // namespace foldback::log
