#include "log/log_cut.hpp"

#include "log/bytes.hpp"
#include "log/commit_reader.hpp"
#include "log/log_files.hpp"
#include "log/record.hpp"

namespace foldback::log {

void seal_segment_at(LogDevice& device, std::string_view name, const SegmentHeader& header, std::uint64_t byte) {
    const auto file = device.open(name, LogDevice::Open::read_write);
    CommitReader reader(*file, header, segment_header_bytes, byte);
    std::int64_t timestamp_ms = 0;
    while (const auto commit = reader.next()) timestamp_ms = commit->header.timestamp_ms;

    CommitBuilder seal;
    file->write_at(
        byte, as_bytes(seal.finish(header.epoch, reader.next_position(), timestamp_ms, reader.previous_crc(), true)));
    file->sync();
}

void write_empty_segment(LogDevice& device, std::string_view name, const SegmentHeader& header) {
    discard_file(device, name);
    const auto file = device.open(name, LogDevice::Open::create_new);
    file->write_at(0, as_bytes(encode_segment_header(header)));
    file->sync();
}

Incarnation beyond_any_incarnation(Incarnation highest_named, std::uint64_t log_bytes) noexcept {
    return {highest_named.value + log_bytes / record_header_bytes + 1};
}

}  // namespace foldback::log
