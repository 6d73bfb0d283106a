#include <algorithm>

#include "log/bytes.hpp"
#include "log/inspection.hpp"
#include "log/log_cut.hpp"
#include "log/log_files.hpp"
#include "log/verify.hpp"

namespace foldback::log {

namespace {

constexpr std::uint64_t slice_bytes = 1 << 20;
constexpr std::uint64_t usual_segment_bytes = 64 << 20;

/// One salvage of a log that is damaged. Each step leaves a log that is either still damaged or sound, so that it may
/// be repeated after a crash.
class Salvage {
public:
    Salvage(LogDevice& device, const Inspection& found) : device_(device), found_(found) {}

    SalvageReport run() {
        for (const auto& [number, summary] : found_.segments) total_bytes_ += summary.file_bytes;
        auto damage = found_.damage.begin();
        if (damage->place.segment == 0) {
            replace_format();
            ++damage;
        }
        if (damage == found_.damage.end()) {
            for (const auto& [number, summary] : found_.segments) report_.kept_commits += summary.commits;
        } else {
            cut_log(damage->place);
        }
        return std::move(report_);
    }

private:
    void replace_format() {
        move_aside(format_name);
        write_format(device_);
        report_.actions.push_back("wrote " + device_.describe(format_name) + " anew");
    }

    void cut_log(Place damage) {
        const auto found = found_.segments.find(damage.segment);
        const bool keeps_segment = found != found_.segments.end() && damage.byte >= segment_header_bytes;
        for (const auto& [number, summary] : found_.segments) {
            if (number < damage.segment || (keeps_segment && number == damage.segment)) {
                report_.kept_commits += summary.commits;
                next_position_ = summary.next_position;
            }
        }
        if (keeps_segment) copy_aside(segment_name(damage.segment));
        for (auto later = found_.segments.rbegin(); later != found_.segments.rend(); ++later) {
            if (later->first > damage.segment) move_aside(segment_name(later->first));
        }
        device_.sync_directory();

        const auto next = prepare_next_segment(keeps_segment ? damage.segment + 1 : damage.segment);
        if (keeps_segment) {
            seal_segment(damage, *found->second.header);
        } else if (found != found_.segments.end()) {
            move_aside(segment_name(damage.segment));
        }
        device_.rename(blank_name, segment_name(next));
        device_.sync_directory();
        report_.actions.push_back("began " + device_.describe(segment_name(next)));
    }

    void seal_segment(Place damage, const SegmentHeader& header) {
        seal_segment_at(device_, segment_name(damage.segment), header, damage.byte);
        report_.actions.push_back("cut " + device_.describe(segment_name(damage.segment)) + " at byte " +
                                  std::to_string(damage.byte));
    }

    /// Writes the header of the segment in which the log goes on, under a temporary name; returns its number.
    [[nodiscard]] std::uint64_t prepare_next_segment(std::uint64_t number) {
        SegmentHeader header;
        header.number = number;
        header.epoch = fresh_epoch();
        header.first_position = next_position_;
        header.next_incarnation = unused_incarnation();
        header.capacity = usual_segment_bytes;
        write_empty_segment(device_, blank_name, header);
        return number;
    }

    [[nodiscard]] Incarnation unused_incarnation() const {
        Incarnation highest{1};
        for (const auto& [number, summary] : found_.segments) {
            if (summary.header) highest = std::max(highest, summary.header->next_incarnation);
        }
        return beyond_any_incarnation(highest, total_bytes_);
    }

    [[nodiscard]] std::string unused_name(std::string_view name) const {
        const auto taken = device_.list();
        std::string aside = "quarantine-" + std::string(name);
        for (int copy = 2; std::find(taken.begin(), taken.end(), aside) != taken.end(); ++copy) {
            aside = "quarantine-" + std::to_string(copy) + "-" + std::string(name);
        }
        return aside;
    }

    void move_aside(std::string_view name) {
        const auto aside = unused_name(name);
        report_.quarantined_bytes += device_.open(name, LogDevice::Open::read_only)->size();
        device_.rename(name, aside);
        report_.actions.push_back("moved " + device_.describe(name) + " to " + aside);
    }

    void copy_aside(std::string_view name) {
        const auto aside = unused_name(name);
        const auto from = device_.open(name, LogDevice::Open::read_only);
        const auto to = device_.open(aside, LogDevice::Open::create_new);
        std::string slice(slice_bytes, '\0');
        std::uint64_t copied = 0;
        while (const auto count = from->read_at(copied, std::as_writable_bytes(std::span(slice)))) {
            to->write_at(copied, as_bytes(std::string_view(slice).substr(0, count)));
            copied += count;
        }
        to->sync();
        report_.quarantined_bytes += copied;
        report_.actions.push_back("copied " + device_.describe(name) + " to " + aside);
    }

    LogDevice& device_;
    const Inspection& found_;
    std::uint64_t total_bytes_ = 0;
    Position next_position_;  ///< one past the last message that is kept
    SalvageReport report_;
};

}  // namespace

SalvageReport salvage(LogDevice& device) {
    try {
        const auto found = inspect(device, {});
        if (found.is_other_format) throw StorageError(found.report.damage.front());
        if (!found.report.sound()) return Salvage(device, found).run();
        return {.kept_commits = found.report.commits, .quarantined_bytes = 0, .actions = {}};
    } catch (const DeviceError& error) {
        throw StorageError(std::string("salvaging the log failed: ") + error.what());
    }
}

}  // namespace foldback::log
