#include "log/archive.hpp"

#include <array>

#include "log/bytes.hpp"
#include "log/commit_reader.hpp"
#include "log/log_files.hpp"

namespace foldback::log {
namespace {

constexpr std::string_view unfinished = ".new";

/// A name beside another one that nobody else takes.
std::string beside(const std::string& name, std::string_view what) {
    return name + '.' + std::to_string(fresh_epoch()) + std::string(what);
}

}  // namespace

Archive::Archive(std::shared_ptr<LogDevice> directory, SharedOrigin origin)
    : directory_(std::move(directory)), origin_(std::move(origin)) {
    if (has_begun()) {
        if (const auto checked = check_archive_format(*directory_, origin_.name); !checked)
            throw StorageError(checked.error().what);
    } else if (!find_log_files(*directory_).segments.empty()) {
        throw StorageError(directory_->describe("") + " holds segments, but is no archive");
    }
}

bool Archive::has_begun() const { return find_log_files(*directory_).has_format; }

void Archive::begin() {
    if (!has_begun()) write_archive_format(*directory_, origin_.name);
}

std::unique_ptr<LogFile> Archive::open(const std::string& name) const {
    try {
        return directory_->open(name, LogDevice::Open::read_only);
    } catch (const DeviceError& error) {
        if (error.code() == std::errc::no_such_file_or_directory) return nullptr;
        throw;
    }
}

std::optional<ArchivedSegment> Archive::find(std::uint64_t number) const { return find(segment_name(number), number); }

std::optional<ArchivedSegment> Archive::find(const std::string& name, std::uint64_t number) const {
    std::shared_ptr<LogFile> file = open(name);
    if (!file) return {};
    const auto damaged = [&](const std::string& what) {
        return StorageError(directory_->describe(name) + " is damaged: " + what);
    };
    const auto header = read_segment_header(*file, number);
    if (!header) throw damaged(header.error());
    if (header->generation > 0) throw damaged("it was rewritten, which no segment of an archive ever is");
    CommitReader reader(*file, *header, segment_header_bytes, file->size());
    while (reader.next()) {
    }
    if (!reader.sealed()) throw damaged(reader.problem().empty() ? "it has no end" : reader.problem());
    return ArchivedSegment{
        .header = *header,
        .seal = {.place = {.segment = number, .byte = reader.last_commit_byte()}, .crc = reader.previous_crc()},
        .file = std::move(file)};
}

bool Archive::ends_with(const LastCommit& seal) const {
    const auto file = open(segment_name(seal.place.segment));
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

void Archive::sync(const ArchivedSegment& segment) {
    segment.file->sync();
    directory_->sync_directory();
}

void Archive::clear_away() {
    for (const auto& name : directory_->list()) {
        if (name.ends_with(unfinished)) discard_file(*directory_, name);
    }
}

void Archive::write(const std::string& name, std::uint64_t number, const Source& source) {
    const auto file = directory_->open(name, LogDevice::Open::create_new);
    std::uint64_t end = 0;
    source([&](const SharedCommit& commit) {
        if (end == 0) {
            const auto header = number == 1 ? origin_.first_segment : commit.begins.value_or(SegmentHeader{});
            file->write_at(0, as_bytes(encode_segment_header(header)));
            end = segment_header_bytes;
        }
        if (commit.place != Place{.segment = number, .byte = end})
            throw StorageError("the shared log does not hold all of segment " + std::to_string(number));
        file->write_at(end, as_bytes(commit.bytes));
        end += commit.bytes.size();
    });
    file->sync();
}

void Archive::put(const LastCommit& seal, const Source& source) {
    begin();
    const auto number = seal.place.segment;
    const auto name = segment_name(number);
    const auto fresh = beside(name, unfinished);
    try {
        write(fresh, number, source);
        const auto written = find(fresh, number);
        if (!written || written->seal != seal)
            throw StorageError("segment " + std::to_string(number) + " could not be archived: it is not the log's");
        if (open(name)) directory_->rename(name, beside(name, ".aside"));
    } catch (...) {
        discard_file(*directory_, fresh);
        throw;
    }
    directory_->rename(fresh, name);
    directory_->sync_directory();
}

}  // namespace foldback::log
