#pragma once

#include <cstdint>
#include <string>

#include "log/device.hpp"
#include "log/log.hpp"

/// Ending a log at an earlier place than where it ended.
namespace foldback::log {

/// Ends a segment at `byte`, where a commit begins or could begin: nothing is read behind a seal. Synced.
void seal_segment_at(LogDevice& device, std::string_view name, const SegmentHeader& header, std::uint64_t byte);

/// Writes a segment in which a log can go on, under a temporary name. Synced.
void write_empty_segment(LogDevice& device, std::string_view name, const SegmentHeader& header);

/// Incarnations are never used twice, not even those of streams that are cut off: each was given out by a record, and so
/// many bytes cannot hold more records than this.
[[nodiscard]] Incarnation beyond_any_incarnation(Incarnation highest_named, std::uint64_t log_bytes) noexcept;

}  // namespace foldback::log
