#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "foldback/store/log_store.hpp"
#include "log/device.hpp"
#include "log/log.hpp"

namespace foldback::log {

struct Damage {
    Place place;  ///< segment 0: of the FORMAT file
    std::string sentence;
};

/// What reading a whole log found.
struct Inspection {
    struct SegmentSummary {
        std::optional<SegmentHeader> header;  ///< empty: not readable
        std::uint64_t file_bytes = 0;
        std::uint64_t commits = 0;
        Position next_position;
    };

    VerifyReport report;
    std::vector<Damage> damage;  ///< in the order of places; at most one for each segment
    std::map<std::uint64_t, SegmentSummary> segments;
    bool is_other_format = false;
};

/// Reads and checks every commit and record. Changes nothing; a writer may be at work meanwhile.
[[nodiscard]] Inspection inspect(LogDevice& device, const std::function<void(const Progress&)>& on_progress);

}  // namespace foldback::log
