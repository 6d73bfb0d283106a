#include <algorithm>

#include "log/aligned_blocks.hpp"
#include "log/bytes.hpp"
#include "log/opening.hpp"

namespace foldback::log {

std::unique_ptr<Log> Log::open(std::shared_ptr<LogDevice> device, Options options, Place from,
                               const OnCommit& on_commit, Recovery& recovery) {
    std::unique_ptr<Log> log(new Log(std::move(device), std::move(options)));
    try {
        recovery = Opening(*log->state_, from, on_commit).run();
    } catch (const DeviceError& error) {
        throw DeviceFailed(std::string("opening the log failed: ") + error.what());
    }
    return log;
}

Opening::Opening(Log::State& state, Place from, const Log::OnCommit& on_commit)
    : state_(state), device_(*state.device), from_(from), on_commit_(on_commit), files_(find_log_files(device_)) {
    if (from_.segment == 0) from_ = {.segment = 1, .byte = segment_header_bytes};
}

Recovery Opening::run() {
    check_format_file();
    if (files_.segments.empty()) {
        begin_log();
    } else {
        open_segments();
        find_start();
        auto number = from_.segment;
        for (; number < files_.segments.size(); ++number) read_sealed_segment(*state_.segments.at(number));
        read_last_segment();
    }
    clear_away();
    found_.tail = state_.tail;
    found_.next_position = state_.next_position;
    found_.segments = state_.segments.size();
    return found_;
}

/// A copy writes its FORMAT before anything else, so that segments without one are never taken for it.
void Opening::check_format_file() const {
    const bool is_copy = state_.options.copy_of.has_value();
    if (files_.has_format) {
        const auto checked = check_format(device_, state_.copied_from());
        if (checked) return;
        if (is_copy) throw ForeignDirectory(checked.error().what);
        throw DamagedLog(checked.error().what, 0, 0);
    }
    if (is_copy && !files_.segments.empty())
        throw ForeignDirectory(device_.describe("") + " holds segments of a store of its own");
}

void Opening::begin_log() {
    const auto& copy_of = state_.options.copy_of;
    if (files_.has_format && !copy_of)
        throw damage_at(device_, 1, 0, "the store has been begun, but no segment of its log is there");
    if (from_ > Place{.segment = 1, .byte = segment_header_bytes}) throw beyond_the_log();
    found_.next_incarnation = {1};
    SegmentHeader first;
    first.number = 1;
    first.next_incarnation = found_.next_incarnation;
    if (copy_of) {
        if (!files_.has_format) mark_as_store();
        files_.has_format = true;
        first = copy_of->first_segment;
    }
    state_.enter_segment(state_.prepare_segment(first));
}

void Opening::open_segments() {
    if (const auto missing = first_missing_segment(files_))
        throw damage_at(device_, *missing, 0, "the file is missing");
    // The last one first: looking for the zeros at its end goes on beside all else.
    const auto last = open_segment(files_.segments.back());
    zeros_.emplace(last->file(), from_.segment == last->header().number ? from_.byte : segment_header_bytes);
    const Segment* previous = nullptr;
    for (const auto number : files_.segments) {
        const auto segment = number == last->header().number ? last : open_segment(number);
        const auto& header = segment->header();
        if (previous != nullptr && header.first_position < previous->header().first_position) {
            throw damage(*segment, 0, "it begins before the segment that precedes it");
        }
        previous = segment.get();
        state_.segments.emplace(number, segment);
        found_.next_incarnation = std::max(found_.next_incarnation, header.next_incarnation);
    }
    state_.current = last;
}

std::shared_ptr<const Segment> Opening::open_segment(std::uint64_t number) {
    const bool is_last = number == files_.segments.size();
    std::shared_ptr<LogFile> file =
        device_.open(segment_name(number), is_last ? LogDevice::Open::read_write : LogDevice::Open::read_only);
    const auto header = read_segment_header(*file, number);
    if (!header) throw damage_at(device_, number, 0, header.error());
    if (is_last) file = state_.tail_file = std::make_shared<TailFile>(std::move(file), state_.blocks);
    return std::make_shared<const Segment>(*header, std::move(file));
}

void Opening::find_start() {
    if (from_.segment > files_.segments.size()) throw beyond_the_log();
}

std::uint64_t Opening::start_in(const Segment& segment) const {
    const Place known = state_.options.known_commit;
    const Place begin{.segment = segment.header().number, .byte = segment_header_bytes};
    return known.segment == begin.segment && known > begin && known < from_ ? known.byte : begin.byte;
}

CommitReader Opening::read_commits(const Segment& segment) {
    CommitReader reader(segment.file(), segment.header(), start_in(segment), segment.file().size());
    if (segment.header().number == from_.segment) found_.read_from = {from_.segment, reader.byte()};
    const bool from_is_here = segment.header().number == from_.segment;
    const std::uint64_t from_byte = from_is_here ? from_.byte : segment_header_bytes;
    start_found_ = start_found_ || reader.byte() == from_byte;
    while (const auto commit = reader.next()) {
        state_.last_timestamp_ms = commit->header.timestamp_ms;
        if (commit->place.byte >= from_byte) {
            if (!start_found_) throw beyond_the_log();
            on_commit_(*commit);
        }
        start_found_ = start_found_ || reader.byte() == from_byte;
    }
    if (reader.byte() > from_byte) found_.scanned_bytes += reader.byte() - from_byte;
    if (reader.is_misplaced()) throw damage(segment, reader.byte(), reader.problem());
    // Whoever told of a commit that is not there is wrong, or it is damaged: all shall be read.
    if (!start_found_ && found_.read_from.byte > segment_header_bytes) throw beyond_the_log();
    return reader;
}

void Opening::check_start_was_found(const CommitReader& reader) {
    if (!start_found_) throw beyond_the_log();
    state_.next_position = reader.next_position();
}

void Opening::read_sealed_segment(const Segment& segment) {
    const CommitReader reader = read_commits(segment);
    if (!reader.sealed()) {
        const auto& problem = reader.problem();
        throw damage(segment, reader.byte(),
                     (problem.empty() ? "the segment ends" : problem) + ", but another segment follows");
    }
    const Segment& next = *state_.segments.at(segment.header().number + 1);
    if (reader.next_position() != next.header().first_position) {
        throw damage(next, 0, "it does not begin at the position where the segment before it ends");
    }
    check_start_was_found(reader);
    report_progress(segment.header().number);
}

void Opening::read_last_segment() {
    const Segment& last = *state_.current;
    CommitReader reader = read_commits(last);
    if (!reader.sealed()) find_torn_commit(reader);
    zeros_.reset();
    check_start_was_found(reader);
    make_durable(reader);
    state_.sealed = reader.sealed();
    state_.previous_crc = reader.previous_crc();
    if (reader.last_commit_byte() != 0) {
        state_.last_commit = {last.header().number, reader.last_commit_byte()};
        state_.last_commit_crc = reader.previous_crc();
    }
    state_.tail = {.segment = last.header().number, .byte = reader.byte()};
    if (state_.sealed) state_.tail_file->settle();
    report_progress(last.header().number);
}

void Opening::find_torn_commit(CommitReader& reader) {
    const std::string problem = reader.problem();
    const auto rest = reader.rest(&*zeros_);
    if (rest.later_commit) {
        throw damage(*state_.current, reader.byte(),
                     problem + ", but a whole commit follows at byte " + std::to_string(*rest.later_commit));
    }
    torn_end_ = rest.end_of_data;
    found_.torn_bytes = torn_end_ - reader.byte();
}

/// The last commit may be known to this machine's memory only: its writer may have died before the flush, or the flush
/// failed, after which the kernel takes the data for clean and never writes it. So it is written again. The rest of the
/// log was flushed before it.
void Opening::make_durable(const CommitReader& reader) {
    TailFile& file = *state_.tail_file;
    constexpr std::uint64_t slice_bytes = 1 << 20;
    const std::string zeros(std::min(slice_bytes, found_.torn_bytes), '\0');
    for (std::uint64_t byte = reader.byte(); byte < torn_end_; byte += zeros.size()) {
        file.write_at(byte, as_bytes(zeros).first(std::min<std::uint64_t>(zeros.size(), torn_end_ - byte)));
    }
    if (reader.last_commit_byte() != 0) {
        write_again(reader.last_commit_byte(), reader.byte());
    } else {
        file.begin(reader.byte());
    }
    file.sync();
    device_.sync_directory();
}

void Opening::write_again(std::uint64_t commit_byte, std::uint64_t end) {
    TailFile& file = *state_.tail_file;
    if (file.size() >= round_up(end, block_bytes)) {
        // As the writer would have done it: past the page cache, from the memory that answers reads at the tail.
        file.begin(commit_byte);
        const auto commit = file.room(end - commit_byte);
        state_.current->read(commit_byte, commit);
        file.write_at(commit_byte, commit);
    } else {
        // The space that was reserved got lost, and there may be no more.
        std::string commit(end - commit_byte, '\0');
        state_.current->read(commit_byte, std::as_writable_bytes(std::span(commit)));
        file.write_at(commit_byte, as_bytes(commit));
        file.begin(end);
    }
}

void Opening::clear_away() {
    for (const auto& name : files_.temporaries) discard_file(device_, name);
    if (files_.has_filling) state_.supply.adopt_filling();
    if (files_.has_spare) state_.supply.adopt_spare();
    if (!files_.has_format) mark_as_store();
}

void Opening::mark_as_store() {
    try {
        write_format(device_, state_.copied_from());
    } catch (const DeviceError& error) {
        // A full device shall not keep what is on it from being read; the next opening tries again.
        if (files_.segments.empty() || !error.is_full()) throw;
        discard_file(device_, new_format_name);
    }
}

DamagedLog Opening::damage(const Segment& segment, std::uint64_t byte, const std::string& what) const {
    return damage_at(device_, segment.header().number, byte, what);
}

StorageError Opening::beyond_the_log() const {
    return StorageError("segment " + std::to_string(from_.segment) + ", byte " + std::to_string(from_.byte) +
                        " is beyond the log in " + device_.describe(""));
}

void Opening::report_progress(std::uint64_t segment) {
    if (!state_.options.on_progress) return;
    std::uint64_t rest = 0;
    for (auto number = segment + 1; number <= files_.segments.size(); ++number) {
        rest += state_.segments.at(number)->header().capacity;
    }
    read_bytes_ += state_.segments.at(segment)->header().capacity;
    state_.options.on_progress(
        {.what = "reading the log", .done_bytes = read_bytes_, .total_bytes = read_bytes_ + rest});
}

}  // namespace foldback::log
