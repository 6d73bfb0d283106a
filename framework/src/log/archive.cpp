#include "log/archive.hpp"

#include <array>

#include "log/bytes.hpp"
#include "log/commit_reader.hpp"
#include "log/log_files.hpp"

namespace foldback::log {
namespace {

/// Appends the bytes of a segment, and throws StorageError where they are not all there.
void write(const SharedOrigin& origin, std::uint64_t number, const Archive::Source& source,
           const ArchivePlace::Append& append) {
    std::uint64_t end = 0;
    source([&](const SharedCommit& commit) {
        if (end == 0) {
            append(encode_segment_header(number == 1 ? origin.first_segment : commit.begins.value_or(SegmentHeader{})));
            end = segment_header_bytes;
        }
        if (commit.place != Place{.segment = number, .byte = end})
            throw StorageError("the shared log does not hold all of segment " + std::to_string(number));
        append(commit.bytes);
        end += commit.bytes.size();
    });
}

}  // namespace

Archive::Archive(std::shared_ptr<ArchivePlace> place, SharedOrigin origin)
    : place_(std::move(place)), origin_(std::move(origin)) {}

bool Archive::has_begun() {
    if (has_begun_) return true;
    const std::string name(format_name);
    const auto file = place_->open(name);
    if (!file) {
        if (place_->open(segment_name(1)))
            throw StorageError(place_->describe("") + " holds segments, but is no archive");
        return false;
    }
    if (const auto problem = problem_with_archive_format(*file, origin_.name); !problem.empty())
        throw StorageError(place_->describe(name) + " " + problem);
    has_begun_ = true;
    return true;
}

void Archive::begin() {
    if (has_begun()) return;
    const auto text = archive_format_text(origin_.name);
    place_->put(
        std::string(format_name), [&](const auto& append) { append(text); },
        [&](const ReadableFile& written) {
            if (!problem_with_archive_format(written, origin_.name).empty())
                throw StorageError(place_->describe("") + " does not keep what is written there");
        });
}

std::optional<ArchivedSegment> Archive::find(std::uint64_t number) {
    if (!has_begun()) return {};
    auto file = place_->open(segment_name(number));
    if (!file) return {};
    auto found = read_whole(*file, number, place_->describe(segment_name(number)) + " is damaged: ");
    found.file = std::move(file);
    return found;
}

ArchivedSegment Archive::read_whole(const ReadableFile& file, std::uint64_t number, const std::string& damaged) {
    const auto header = read_segment_header(file, number);
    if (!header) throw StorageError(damaged + header.error());
    if (header->generation > 0)
        throw StorageError(damaged + "it was rewritten, which no segment of an archive ever is");
    CommitReader reader(file, *header, segment_header_bytes, file.size());
    while (reader.next()) {
    }
    if (!reader.sealed()) throw StorageError(damaged + (reader.problem().empty() ? "it has no end" : reader.problem()));
    return {.header = *header,
            .seal = {.place = {.segment = number, .byte = reader.last_commit_byte()}, .crc = reader.previous_crc()},
            .file = nullptr};
}

bool Archive::ends_with(const LastCommit& seal) {
    if (!has_begun()) return false;
    const auto file = place_->open(segment_name(seal.place.segment));
    if (!file || file->size() != seal.place.byte + commit_header_bytes) return false;
    std::array<char, commit_header_bytes> bytes{};
    const auto count = file->read_at(seal.place.byte, std::as_writable_bytes(std::span(bytes)));
    return count == bytes.size() && crc_of({bytes.data(), bytes.size()}) == seal.crc;
}

bool Archive::read(const ArchivedSegment& segment, std::uint64_t from_byte,
                   const std::function<void(const SharedCommit&)>& on_commit) {
    const auto end = segment.seal.place.byte + commit_header_bytes;
    CommitReader reader(*segment.file, segment.header, from_byte, end);
    while (const auto commit = reader.next()) {
        SharedCommit shared{.place = commit->place, .bytes = reader.bytes()};
        if (commit->place.byte == segment_header_bytes) shared.begins = segment.header;
        on_commit(shared);
    }
    return reader.sealed() || from_byte == end;
}

void Archive::sync(const ArchivedSegment& segment) { place_->sync(segment_name(segment.header.number)); }

void Archive::clear_away() { place_->clear_away(); }

void Archive::put(const LastCommit& seal, const Source& source) {
    begin();
    const auto number = seal.place.segment;
    const auto failed = "segment " + std::to_string(number) + " could not be archived: ";
    place_->put(
        segment_name(number), [&](const auto& append) { write(origin_, number, source, append); },
        [&](const ReadableFile& written) {
            if (read_whole(written, number, failed + "the log has it damaged, or it was not kept as it was: ").seal !=
                seal)
                throw StorageError(failed + "it is not the log's");
        });
}

}  // namespace foldback::log
