#include <stdexcept>

#include "log/bytes.hpp"
#include "log/commit_reader.hpp"
#include "log/crc32c.hpp"
#include "log/log.hpp"

namespace foldback::log {

namespace {

constexpr std::uint32_t commit_magic = 0x4D434246;  // "FBCM"
constexpr std::uint32_t flag_seals = 1;
constexpr std::size_t checked_from = 8;
/// A builder that once held a huge commit gives its memory back.
constexpr std::size_t largest_kept_buffer = 16 << 20;

}  // namespace

void CommitBuilder::clear() {
    buffer_.clear();
    if (buffer_.own_bytes() > largest_kept_buffer) buffer_.shrink();
    begin();
}

void CommitBuilder::begin_in(std::span<std::byte> room) {
    buffer_.begin_in({reinterpret_cast<char*>(room.data()), room.size()});
    begin();
}

void CommitBuilder::begin() {
    buffer_.append(commit_header_bytes, '\0');
    records_ = 0;
    messages_ = 0;
    crc_ = 0;
}

std::uint64_t CommitBuilder::add_encoded(std::string_view record_bytes) {
    const auto at = buffer_.size();
    buffer_.append(record_bytes);
    ++records_;
    return at;
}

std::string_view CommitBuilder::finish(std::uint64_t epoch, Position first_position, std::int64_t timestamp_ms,
                                       std::uint32_t previous_crc, bool seals) {
    const std::size_t payload_bytes = buffer_.size() - commit_header_bytes;
    if (payload_bytes > UINT32_MAX) throw std::length_error("a commit of the log is limited to 4 GiB");
    char* header = buffer_.data();
    store_number(header, commit_magic);
    store_number(header + 8, epoch);
    store_number(header + 16, first_position.value);
    store_number(header + 24, timestamp_ms);
    store_number(header + 32, static_cast<std::uint32_t>(payload_bytes));
    store_number(header + 36, records_);
    store_number(header + 40, previous_crc);
    store_number(header + 44, seals ? flag_seals : 0);
    store_number(header + 48, messages_);
    store_number(header + 52, std::uint32_t{0});
    crc_ = crc32c(buffer_.view().substr(checked_from));
    store_number(header + 4, crc_);
    return buffer_;
}

std::optional<CommitHeader> read_commit_header(std::string_view bytes, std::uint64_t epoch) noexcept {
    const char* from = bytes.data();
    if (bytes.size() < commit_header_bytes || load_number<std::uint32_t>(from) != commit_magic ||
        load_number<std::uint64_t>(from + 8) != epoch || load_number<std::uint32_t>(from + 32) % 8 != 0) {
        return {};
    }
    CommitHeader header;
    header.crc = load_number<std::uint32_t>(from + 4);
    header.epoch = epoch;
    header.first_position.value = load_number<std::uint64_t>(from + 16);
    header.timestamp_ms = load_number<std::int64_t>(from + 24);
    header.payload_bytes = load_number<std::uint32_t>(from + 32);
    header.records = load_number<std::uint32_t>(from + 36);
    header.previous_crc = load_number<std::uint32_t>(from + 40);
    header.seals = (load_number<std::uint32_t>(from + 44) & flag_seals) != 0;
    header.messages = load_number<std::uint32_t>(from + 48);
    return header;
}

std::uint32_t crc_of(std::string_view commit) noexcept { return load_number<std::uint32_t>(commit.data() + 4); }

bool has_unknown_parts(std::string_view commit) noexcept {
    return (load_number<std::uint32_t>(commit.data() + 44) & ~flag_seals) != 0 ||
           load_number<std::uint32_t>(commit.data() + 52) != 0;
}

bool is_intact(std::string_view commit, const CommitHeader& header) noexcept {
    return crc32c(commit.substr(checked_from)) == header.crc;
}

}  // namespace foldback::log
