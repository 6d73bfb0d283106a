#include "log/bytes.hpp"
#include "log/commit_reader.hpp"
#include "log/log.hpp"

namespace foldback::log {

namespace {

template <class Error = StorageError>
Error problem_in(const Segment& segment, std::uint64_t byte, const std::string& what) {
    return Error("segment " + std::to_string(segment.header().number) + " of the log, byte " + std::to_string(byte) +
                 ": " + what);
}

/// Whether the commit that ends at `byte` seals the segment. A seal has no records, so its place is known.
bool ends_seal(const Segment& segment, std::uint64_t byte) {
    if (byte < segment_header_bytes + commit_header_bytes) return false;
    CommitReader reader(segment.file(), segment.header(), byte - commit_header_bytes, byte);
    return reader.next().has_value() && reader.sealed();
}

}  // namespace

void Segment::read(std::uint64_t byte, std::span<std::byte> out) const {
    std::size_t count = 0;
    try {
        count = file_->read_at(byte, out);
    } catch (const DeviceError& error) {
        throw problem_in<DeviceFailed>(*this, byte, error.what());
    }
    if (count < out.size()) throw problem_in(*this, byte + count, "the file ends too early");
}

void Log::scan_segment(const Segment& segment, std::uint64_t from_byte, std::optional<std::uint64_t> end_byte,
                       const std::function<bool(const CommitView&)>& on_commit) {
    std::optional<CommitReader> reader;
    const auto next = [&] {
        try {
            if (!reader) {
                if (!end_byte && ends_seal(segment, from_byte)) return std::optional<CommitView>();
                reader.emplace(segment.file(), segment.header(), from_byte, end_byte.value_or(segment.file().size()));
            }
            return reader->next();
        } catch (const DeviceError& error) {
            throw problem_in<DeviceFailed>(segment, reader ? reader->byte() : from_byte, error.what());
        }
    };
    while (const auto commit = next()) {
        if (!on_commit(*commit)) return;
    }
    if (!reader) return;
    if (!reader->problem().empty()) throw problem_in(segment, reader->byte(), reader->problem());
    if (!end_byte && !reader->sealed()) throw problem_in(segment, reader->byte(), "the segment is not sealed");
}

}  // namespace foldback::log
