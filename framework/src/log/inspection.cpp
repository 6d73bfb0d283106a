#include "log/inspection.hpp"

#include <algorithm>
#include <array>
#include <system_error>

#include "log/commit_reader.hpp"
#include "log/log_files.hpp"
#include "log/record.hpp"
#include "log/verify.hpp"

namespace foldback::log {

namespace {

constexpr std::uint64_t progress_step_bytes = 16 << 20;

bool is_well_formed(const RecordView& record) {
    switch (record.type) {
        case RecordType::stream_created: return decode_created(record).has_value();
        case RecordType::messages_appended: return decode_appended(record).has_value();
        case RecordType::stream_closed: return decode_closed(record).has_value();
        case RecordType::stream_deleted: return decode_deleted(record).has_value();
        case RecordType::stream_truncated: return decode_truncated(record).has_value();
    }
    return false;
}

/// What is wrong with the records of a commit; empty when nothing is.
std::string problem_with_records(const CommitView& commit, bool was_rewritten) {
    std::string_view rest = commit.payload;
    std::uint32_t records = 0;
    std::uint64_t messages = 0;
    while (!rest.empty()) {
        const auto record = decode_record(rest, true);
        if (!record || !is_well_formed(*record)) return "record " + std::to_string(records + 1) + " is malformed";
        if (const auto appended = decode_appended(*record)) {
            const bool continues = appended->first_position.value == commit.header.first_position.value + messages;
            if (!was_rewritten && !continues) {
                return "record " + std::to_string(records + 1) +
                       " has a position that does not continue the one before";
            }
            messages += appended->count;
        }
        ++records;
        rest.remove_prefix(record->bytes.size());
    }
    if (records != commit.header.records) return "the commit does not hold as many records as its header says";
    if (!was_rewritten && messages != commit.header.messages) {
        return "the commit does not hold as many messages as its header says";
    }
    return {};
}

/// Throws again what says nothing about the file, but of this process: it may not open it, or has no room to.
void require_fault_of_device(const DeviceError& error) {
    constexpr std::array of_the_process{std::errc::permission_denied,   std::errc::operation_not_permitted,
                                        std::errc::too_many_files_open, std::errc::too_many_files_open_in_system,
                                        std::errc::not_enough_memory,   std::errc::too_many_symbolic_link_levels};
    const auto found = std::find(of_the_process.begin(), of_the_process.end(), error.code());
    if (found != of_the_process.end()) throw error;
}

class Inspector {
public:
    Inspector(LogDevice& device, const std::function<void(const Progress&)>& on_progress)
        : device_(device), on_progress_(on_progress), files_(find_log_files(device)) {}

    Inspection run() {
        inspect_format();
        open_segments();
        std::uint64_t expected = 1;
        for (const auto number : files_.segments) {
            for (; expected < number; ++expected) add_damage({expected, 0}, "the file is missing");
            inspect_segment(number);
            ++expected;
        }
        if (files_.segments.empty() && files_.has_format) {
            add_damage({1, 0}, "the store has been begun, but no segment of its log is there");
        }
        for (const auto& damage : found_.damage) found_.report.damage.push_back(damage.sentence);
        return std::move(found_);
    }

private:
    void inspect_format() {
        if (!files_.has_format || is_of_shared_log(device_)) return;
        const auto checked = check_format(device_);
        if (checked) return;
        found_.damage.push_back({.place = {}, .sentence = checked.error().what});
        found_.is_other_format = checked.error().is_other_format;
    }

    void open_segments() {
        for (const auto number : files_.segments) {
            auto& file = opened_[number];
            try {
                file = device_.open(segment_name(number), LogDevice::Open::read_only);
                found_.segments[number].file_bytes = file->size();
                total_bytes_ += file->size();
            } catch (const DeviceError& error) {
                require_fault_of_device(error);
                file.reset();
                unreadable_[number] = error.what();
            }
        }
        found_.report.segments = files_.segments.size();
    }

    void inspect_segment(std::uint64_t number) {
        const auto file = std::move(opened_[number]);
        auto& summary = found_.segments[number];
        if (!file) return add_damage({number, 0}, unreadable_[number]);
        std::uint64_t byte = 0;
        try {
            const auto header = read_segment_header(*file, number);
            if (!header) return add_damage({number, 0}, header.error());
            summary.header = *header;
            byte = segment_header_bytes;
            if (previous_end_ && *previous_end_ != header->first_position) {
                return add_damage({number, 0}, "it does not begin at the position where the segment before it ends");
            }
            CommitReader reader(*file, *header, segment_header_bytes, file->size());
            inspect_commits(reader, summary, byte);
        } catch (const DeviceError& error) {
            require_fault_of_device(error);
            add_damage({number, byte}, error.what());
        }
    }

    void inspect_commits(CommitReader& reader, Inspection::SegmentSummary& summary, std::uint64_t& byte) {
        const auto number = summary.header->number;
        const bool is_last = number == files_.segments.back();
        previous_end_.reset();
        summary.next_position = reader.next_position();
        for (int look = 1;; ++look) {
            const std::string problem = read_commits(reader, summary, byte);
            found_.report.bytes += reader.byte() - segment_header_bytes;
            if (!problem.empty()) return add_damage({number, byte}, problem);
            if (reader.sealed()) break;
            const auto why = reader.problem().empty() ? std::string("the segment ends") : reader.problem();
            if (!is_last) return add_damage({number, byte}, why + ", but another segment follows");
            const auto [later, end_of_data] = reader.rest();
            if (!later && !reader.is_misplaced()) {
                found_.report.torn_bytes = end_of_data - byte;
                break;
            }
            if (look == looks_at_the_tail) {
                return add_damage({number, byte},
                                  later ? why + ", but a whole commit follows at byte " + std::to_string(*later) : why);
            }
            found_.report.bytes -= reader.byte() - segment_header_bytes;
            reader.look_again();
        }
        previous_end_ = reader.next_position();
    }

    /// Returns what is wrong with the records of the commit at `byte`; empty when the reader found no further commit.
    std::string read_commits(CommitReader& reader, Inspection::SegmentSummary& summary, std::uint64_t& byte) {
        while (const auto commit = reader.next()) {
            auto problem = problem_with_records(*commit, summary.header->generation != 0);
            if (!problem.empty()) return problem;
            report_progress(reader.byte() - byte);
            byte = reader.byte();
            ++summary.commits;
            summary.next_position = reader.next_position();
            ++found_.report.commits;
            found_.report.records += commit->header.records;
            found_.report.messages += commit->header.messages;
        }
        return {};
    }

    void add_damage(Place place, const std::string& what) {
        found_.damage.push_back({.place = place,
                                 .sentence = device_.describe(segment_name(place.segment)) + ", byte " +
                                             std::to_string(place.byte) + ": " + what});
        if (place.byte == 0) previous_end_.reset();
    }

    void report_progress(std::uint64_t bytes) {
        done_bytes_ += bytes;
        if (!on_progress_ || done_bytes_ < reported_bytes_ + progress_step_bytes) return;
        reported_bytes_ = done_bytes_;
        on_progress_({.what = "verifying the log", .done_bytes = done_bytes_, .total_bytes = total_bytes_});
    }

    LogDevice& device_;
    const std::function<void(const Progress&)>& on_progress_;
    LogFiles files_;
    std::map<std::uint64_t, std::unique_ptr<LogFile>> opened_;
    std::map<std::uint64_t, std::string> unreadable_;
    std::optional<Position> previous_end_;  ///< empty: not known
    std::uint64_t total_bytes_ = 0;
    std::uint64_t done_bytes_ = 0;
    std::uint64_t reported_bytes_ = 0;
    Inspection found_;
};

}  // namespace

Inspection inspect(LogDevice& device, const std::function<void(const Progress&)>& on_progress) {
    return Inspector(device, on_progress).run();
}

VerifyReport verify(LogDevice& device, const std::function<void(const Progress&)>& on_progress) {
    try {
        return inspect(device, on_progress).report;
    } catch (const DeviceError& error) {
        throw StorageError(std::string("verifying the log failed: ") + error.what());
    }
}

}  // namespace foldback::log
