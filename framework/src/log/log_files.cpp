#include "log/log_files.hpp"

#include <algorithm>
#include <charconv>
#include <random>

#include "log/bytes.hpp"
#include "log/crc32c.hpp"

namespace foldback::log {

namespace {

constexpr std::string_view segment_magic = "FOLDBSEG";
constexpr std::uint32_t segment_format = 1;
constexpr std::size_t header_fields_end = 64;

constexpr std::string_view format_start = "foldback store format ";
constexpr std::string_view format_text = "foldback store format 1\n";
constexpr std::string_view copy_start = "foldback copy format 1\nof ";
constexpr std::string_view archive_start = "foldback archive format 1\nof ";

constexpr std::string_view segment_suffix = ".segment";
constexpr std::string_view rewrite_suffix = ".rewrite";

std::string numbered_name(std::uint64_t number, std::string_view suffix) {
    std::string digits = std::to_string(number);
    if (digits.size() < 10) digits.insert(0, 10 - digits.size(), '0');
    return digits.append(suffix);
}

std::optional<std::uint64_t> number_of(std::string_view name, std::string_view suffix) {
    if (!name.ends_with(suffix)) return {};
    const auto digits = name.substr(0, name.size() - suffix.size());
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || number == 0 || numbered_name(number, suffix) != name) return {};
    return number;
}

}  // namespace

std::string segment_name(std::uint64_t number) { return numbered_name(number, segment_suffix); }

std::string rewrite_name(std::uint64_t number) { return numbered_name(number, rewrite_suffix); }

std::optional<std::uint64_t> segment_number_of(std::string_view name) { return number_of(name, segment_suffix); }

LogFiles find_log_files(const LogDevice& device) {
    LogFiles files;
    for (auto& name : device.list()) {
        if (const auto number = segment_number_of(name)) {
            files.segments.push_back(*number);
        } else if (name == format_name) {
            files.has_format = true;
        } else if (name == spare_name) {
            files.has_spare = true;
        } else if (name == filling_name) {
            files.has_filling = true;
        } else if (name == blank_name || name == new_format_name || number_of(name, rewrite_suffix)) {
            files.temporaries.push_back(std::move(name));
        }
    }
    std::sort(files.segments.begin(), files.segments.end());
    return files;
}

std::optional<std::uint64_t> first_missing_segment(const LogFiles& files) {
    std::uint64_t expected = 1;
    for (const auto number : files.segments) {
        if (number != expected) return expected;
        ++expected;
    }
    return {};
}

namespace {

std::string format_text_of(const std::string& copied_from) {
    return copied_from.empty() ? std::string(format_text) : std::string(copy_start) + copied_from + '\n';
}

std::string format_text_in(const ReadableFile& file) {
    std::string text(128, '\0');
    text.resize(file.read_at(0, std::as_writable_bytes(std::span(text))));
    return text;
}

std::string format_text_in(LogDevice& device) {
    return format_text_in(*device.open(format_name, LogDevice::Open::read_only));
}

std::string_view kind_in(std::string_view text) {
    if (text.starts_with(copy_start)) return "a copy of a log that nodes share";
    if (text.starts_with(archive_start)) return "the archive of a log that nodes share";
    return "a store of its own";
}

FormatProblem other_kind(const LogDevice& device, std::string_view what) {
    return {.what = device.describe(format_name) + " says that this is " + std::string(what), .is_other_format = true};
}

}  // namespace

bool is_of_shared_log(LogDevice& device) {
    const auto text = format_text_in(device);
    return text.starts_with(copy_start) || text.starts_with(archive_start);
}

std::string archive_format_text(const std::string& archived_from) {
    return std::string(archive_start) + archived_from + '\n';
}

std::string problem_with_archive_format(const ReadableFile& file, const std::string& archived_from) {
    const auto text = format_text_in(file);
    if (text == archive_format_text(archived_from)) return {};
    const auto what = text.starts_with(archive_start) ? "the archive of another log" : kind_in(text);
    return "says that this is " + std::string(what);
}

boost::system::result<void, FormatProblem> check_format(LogDevice& device, const std::string& copied_from) {
    const auto written = format_text_in(device);
    const std::string_view text(written);
    if (text == format_text_of(copied_from)) return {};
    const bool is_copy = text.starts_with(copy_start);
    if (is_copy && !copied_from.empty()) return other_kind(device, "a copy of another log");
    if (is_copy || text.starts_with(archive_start) || !copied_from.empty()) return other_kind(device, kind_in(text));

    std::string_view number = text.starts_with(format_start) ? text.substr(format_start.size()) : std::string_view();
    if (number.ends_with('\n')) number.remove_suffix(1);
    if (number.empty() || number == "1" || number.find_first_not_of("0123456789") != std::string_view::npos) {
        return FormatProblem{.what =
                                 device.describe(format_name) + " is damaged: it does not name the format of a store"};
    }
    return FormatProblem{.what = device.describe(format_name) + " says that the store has format " +
                                 std::string(number) + "; this version reads format 1",
                         .is_other_format = true};
}

void write_format(LogDevice& device, const std::string& copied_from) {
    discard_file(device, new_format_name);
    const auto file = device.open(new_format_name, LogDevice::Open::create_new);
    file->write_at(0, as_bytes(format_text_of(copied_from)));
    file->sync();
    device.rename(new_format_name, format_name);
    device.sync_directory();
}

std::string encode_segment_header(const SegmentHeader& header) {
    std::string bytes(segment_header_bytes, '\0');
    bytes.replace(0, segment_magic.size(), segment_magic);
    store_number(bytes.data() + 8, segment_format);
    store_number(bytes.data() + 16, header.number);
    store_number(bytes.data() + 24, header.epoch);
    store_number(bytes.data() + 32, header.generation);
    store_number(bytes.data() + 40, header.first_position.value);
    store_number(bytes.data() + 48, header.next_incarnation.value);
    store_number(bytes.data() + 56, header.capacity);
    store_number(bytes.data() + 12, crc32c(std::string_view(bytes).substr(16, header_fields_end - 16)));
    return bytes;
}

boost::system::result<SegmentHeader, std::string> read_segment_header(const ReadableFile& file, std::uint64_t number) {
    std::string buffer(segment_header_bytes, '\0');
    const auto size = file.read_at(0, std::as_writable_bytes(std::span(buffer)));
    if (size < segment_header_bytes) return std::string("the file ends inside the segment's header");
    return decode_segment_header(buffer, number);
}

boost::system::result<SegmentHeader, std::string> decode_segment_header(std::string_view bytes, std::uint64_t number) {
    if (bytes.size() < header_fields_end) return std::string("the segment's header is cut short");
    if (!bytes.starts_with(segment_magic)) return std::string("this is not a segment of a foldback log");
    const auto format = load_number<std::uint32_t>(bytes.data() + 8);
    if (format != segment_format) {
        return "the segment has format " + std::to_string(format) + "; this version reads format 1";
    }
    if (crc32c(bytes.substr(16, header_fields_end - 16)) != load_number<std::uint32_t>(bytes.data() + 12) ||
        !is_zero(bytes.substr(header_fields_end))) {
        return std::string("the segment's header does not match its checksum");
    }
    SegmentHeader header;
    header.number = load_number<std::uint64_t>(bytes.data() + 16);
    header.epoch = load_number<std::uint64_t>(bytes.data() + 24);
    header.generation = load_number<std::uint64_t>(bytes.data() + 32);
    header.first_position.value = load_number<std::uint64_t>(bytes.data() + 40);
    header.next_incarnation.value = load_number<std::uint64_t>(bytes.data() + 48);
    header.capacity = load_number<std::uint64_t>(bytes.data() + 56);
    if (header.number != number) return "the file holds segment " + std::to_string(header.number);
    return header;
}

std::uint64_t fresh_epoch() {
    std::random_device random;
    return (std::uint64_t{random()} << 32) | random();
}

std::string fresh_name_beside(std::string_view name, std::string_view suffix) {
    return std::string(name).append(".").append(std::to_string(fresh_epoch())).append(suffix);
}

void discard_file(LogDevice& device, std::string_view name) noexcept {
    try {
        device.remove(name);
    } catch (const std::exception&) {
        // It is in nobody's way: the next opening tries again.
    }
}

DamagedLog damage_at(const LogDevice& device, std::uint64_t segment, std::uint64_t byte, const std::string& what) {
    return {device.describe(segment_name(segment)) + " is damaged at byte " + std::to_string(byte) + ": " + what +
                ". Nothing was changed; `foldback salvage` keeps what lies before the damage and puts the rest aside",
            segment, byte};
}

}  // namespace foldback::log
