#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/system/result.hpp>

#include "log/device.hpp"
#include "log/log.hpp"

/// The files of a log: their names, what marks a store, and the headers of segments.
namespace foldback::log {

inline constexpr std::string_view format_name = "FORMAT";
inline constexpr std::string_view new_format_name = "FORMAT.new";
inline constexpr std::string_view spare_name = "next.spare";      ///< zero-filled, ready to become a segment
inline constexpr std::string_view filling_name = "next.filling";  ///< being zero-filled
inline constexpr std::string_view blank_name = "next.blank";      ///< taken, about to become a segment

[[nodiscard]] std::string segment_name(std::uint64_t number);
[[nodiscard]] std::string rewrite_name(std::uint64_t number);
/// Empty when the file is not a segment.
[[nodiscard]] std::optional<std::uint64_t> segment_number_of(std::string_view name);

struct LogFiles {
    std::vector<std::uint64_t> segments;   ///< in order
    std::vector<std::string> temporaries;  ///< left by a process that ended in the middle of something
    bool has_format = false;
    bool has_spare = false;
    bool has_filling = false;
};
/// Looks through the device, ignoring files that are not the log's.
[[nodiscard]] LogFiles find_log_files(const LogDevice& device);

/// The number of a segment that should be there and is not.
[[nodiscard]] std::optional<std::uint64_t> first_missing_segment(const LogFiles& files);

struct FormatProblem {
    std::string what;
    bool is_other_format = false;  ///< the store is not damaged, but another version's
};
/// Reads the FORMAT file; the error when it is not that of a store of this version, or, given an origin, of a copy of that.
/// Throws DeviceError.
[[nodiscard]] boost::system::result<void, FormatProblem> check_format(LogDevice& device,
                                                                      const std::string& copied_from = {});
/// Whether the FORMAT file is that of a copy or an archive, of whatever log. Throws DeviceError.
[[nodiscard]] bool is_of_shared_log(LogDevice& device);
/// Writes the FORMAT file, whole or not at all, durably.
void write_format(LogDevice& device, const std::string& copied_from = {});

/// What the FORMAT file of an archive of the log of that name says.
[[nodiscard]] std::string archive_format_text(const std::string& archived_from);
/// Why a FORMAT file is not that of such an archive, as the end of a sentence; empty when it is.
[[nodiscard]] std::string problem_with_archive_format(const ReadableFile& file, const std::string& archived_from);

/// What `encode_segment_header` wrote: a sentence when it is not valid. What is cut off must have been zeros.
[[nodiscard]] boost::system::result<SegmentHeader, std::string> decode_segment_header(std::string_view bytes,
                                                                                      std::uint64_t number);

/// Reads and checks the header of the segment with that number: a sentence when it is not valid. Throws DeviceError.
[[nodiscard]] boost::system::result<SegmentHeader, std::string> read_segment_header(const ReadableFile& file,
                                                                                    std::uint64_t number);

/// A random epoch for a new segment.
[[nodiscard]] std::uint64_t fresh_epoch();

/// A name beside another one that nobody else takes.
[[nodiscard]] std::string fresh_name_beside(std::string_view name, std::string_view suffix);

/// Removes a file of which nothing depends; never throws.
void discard_file(LogDevice& device, std::string_view name) noexcept;

/// The sentence of a DamagedLog: where, what, and what to do.
[[nodiscard]] DamagedLog damage_at(const LogDevice& device, std::uint64_t segment, std::uint64_t byte,
                                   const std::string& what);

}  // namespace foldback::log
