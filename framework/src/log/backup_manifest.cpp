#include "log/backup_manifest.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "log/bytes.hpp"
#include "log/crc32c.hpp"
#include "log/log_files.hpp"

namespace foldback::log {

namespace {

constexpr std::string_view suffix = ".manifest";
constexpr std::string_view first_line = "foldback backup 1";
constexpr std::string_view last_word = "crc32c";
constexpr std::size_t max_manifest_bytes = 64 << 20;

std::string padded(std::uint64_t number, std::size_t digits) {
    auto text = std::to_string(number);
    if (text.size() < digits) text.insert(0, digits - text.size(), '0');
    return text;
}

/// The words of a line, which are numbers but for the first.
class Line {
public:
    explicit Line(std::string_view text) : rest_(text) {}

    std::string_view word() {
        const auto end = std::min(rest_.find(' '), rest_.size());
        const auto word = rest_.substr(0, end);
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        return word;
    }
    std::uint64_t number() {
        const auto text = word();
        std::uint64_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc() || end != text.data() + text.size()) throw StorageError("a number is malformed");
        return value;
    }

private:
    std::string_view rest_;
};

BackedUpSegment segment_of(Line& line) {
    BackedUpSegment segment;
    segment.number = line.number();
    segment.epoch = line.number();
    segment.generation = line.number();
    segment.first_position.value = line.number();
    segment.next_incarnation.value = line.number();
    segment.capacity = line.number();
    segment.next_position.value = line.number();
    segment.bytes = line.number();
    segment.crc = static_cast<std::uint32_t>(line.number());
    segment.sealed = line.number() != 0;
    segment.exact_from.value = line.number();
    return segment;
}

BackupManifest parse_manifest(std::string_view text, std::string name) {
    const auto end = text.rfind(last_word);
    if (!text.starts_with(first_line) || end == std::string_view::npos) throw StorageError("it is no manifest");
    Line seal(text.substr(end, text.size() - end - 1));
    (void)seal.word();
    if (seal.number() != crc32c(text.substr(0, end))) throw StorageError("it does not match its checksum");
    BackupManifest manifest;
    manifest.name = std::move(name);
    for (text = text.substr(0, end); !text.empty(); text.remove_prefix(text.find('\n') + 1)) {
        Line line(text.substr(0, text.find('\n')));
        const auto kind = line.word();
        if (kind == "created") manifest.created_at = Timestamp(Timestamp::duration(line.number()));
        if (kind == "next_position") manifest.next_position.value = line.number();
        if (kind == "segment") manifest.segments.push_back(segment_of(line));
    }
    if (manifest.segments.empty()) throw StorageError("it names no segment");
    return manifest;
}

}  // namespace

std::string BackedUpSegment::file_name(std::string_view backup) const {
    std::array<char, 17> hex{};
    std::snprintf(hex.data(), hex.size(), "%016llx", static_cast<unsigned long long>(epoch));
    const auto stem = padded(number, 10) + "-" + hex.data();
    return sealed ? stem + ".sealed" : stem + "-" + std::string(backup) + ".tail";
}

Position BackupManifest::exact_from(std::uint64_t last_segment) const {
    Position from;
    for (const auto& segment : segments) {
        if (segment.number <= last_segment) from = std::max(from, segment.exact_from);
    }
    return from;
}

std::uint64_t BackupManifest::bytes() const {
    std::uint64_t total = 0;
    for (const auto& segment : segments) total += segment.bytes;
    return total;
}

std::string manifest_file_name(std::string_view backup) { return std::string(backup).append(suffix); }

std::string encode_manifest(const BackupManifest& manifest) {
    std::string text(first_line);
    text += "\ncreated " + std::to_string(manifest.created_at.time_since_epoch().count());
    text += "\nnext_position " + std::to_string(manifest.next_position.value) + '\n';
    for (const auto& segment : manifest.segments) {
        text += "segment";
        for (const auto number :
             {segment.number, segment.epoch, segment.generation, segment.first_position.value,
              segment.next_incarnation.value, segment.capacity, segment.next_position.value, segment.bytes,
              std::uint64_t{segment.crc}, std::uint64_t{segment.sealed}, segment.exact_from.value}) {
            text += ' ' + std::to_string(number);
        }
        text += '\n';
    }
    const auto crc = crc32c(text);
    return text.append(last_word).append(1, ' ').append(std::to_string(crc)).append(1, '\n');
}

std::vector<BackupManifest> read_manifests(LogDevice& repository) {
    std::vector<BackupManifest> manifests;
    for (const auto& name : repository.list()) {
        if (!name.ends_with(suffix)) continue;
        const auto file = repository.open(name, LogDevice::Open::read_only);
        std::string text(std::min<std::uint64_t>(file->size(), max_manifest_bytes), '\0');
        text.resize(file->read_at(0, std::as_writable_bytes(std::span(text))));
        try {
            manifests.push_back(parse_manifest(text, name.substr(0, name.size() - suffix.size())));
        } catch (const StorageError& error) {
            throw StorageError(repository.describe(name) + " is damaged: " + error.what());
        }
    }
    std::sort(manifests.begin(), manifests.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return manifests;
}

void write_whole(LogDevice& device, std::string_view name, std::string_view bytes) {
    const auto fresh = std::string(name) + ".new";
    discard_file(device, fresh);
    const auto file = device.open(fresh, LogDevice::Open::create_new);
    file->write_at(0, as_bytes(bytes));
    file->sync();
    device.rename(fresh, name);
    device.sync_directory();
}

}  // namespace foldback::log
