#pragma once

#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>

#include "log/log.hpp"
#include "log/segment_supply.hpp"
#include "log/tail_file.hpp"

namespace foldback::log {

struct Log::State {
    State(std::shared_ptr<LogDevice> log_device, Options log_options);

    [[nodiscard]] std::uint64_t new_epoch() const;
    [[nodiscard]] std::string copied_from() const { return options.copy_of ? options.copy_of->name : std::string(); }

    /// A segment that is about to be written.
    struct Prepared {
        std::shared_ptr<const Segment> segment;
        std::shared_ptr<TailFile> file;  ///< the segment's
    };
    /// A file with the header of a segment, durable but for its name, which is `blank_name`. A header without an epoch gets one, and
    /// the file's size for its capacity. Throws DeviceError; then no file is left.
    [[nodiscard]] Prepared prepare_segment(SegmentHeader header);
    /// Gives a prepared segment its name, durably, and makes it the current one.
    void enter_segment(Prepared prepared);

    const std::shared_ptr<LogDevice> device;
    const Options options;
    SegmentSupply supply;

    // The writer's alone.
    std::shared_ptr<const Segment> current;
    bool sealed = false;    ///< the current segment takes no more commits
    bool reserved = false;  ///< the current segment's capacity is known to be allocated
    std::uint32_t previous_crc = 0;
    Place last_commit;  ///< of a copy; segment 0: not known
    std::uint32_t last_commit_crc = 0;
    std::int64_t last_timestamp_ms = 0;
    CommitBuilder seal;
    std::optional<CommitView> checked_ahead;  ///< a proposed commit, which fits the copy as it is now
    std::shared_ptr<BlockPool> blocks = std::make_shared<BlockPool>(2 * TailFile::recent_bytes);
    std::shared_ptr<TailFile> tail_file;  ///< of the current segment

    mutable std::shared_mutex mutex;  // guards what follows; only the writer changes tail and next_position
    std::map<std::uint64_t, std::shared_ptr<const Segment>> segments;
    std::shared_ptr<const Segment> announced;
    Place tail;
    Position next_position;
    std::string poisoned_because;
};

}  // namespace foldback::log
