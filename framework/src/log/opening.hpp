#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "log/commit_reader.hpp"
#include "log/log.hpp"
#include "log/log_files.hpp"
#include "log/log_state.hpp"

namespace foldback::log {

/// One opening of a log: reads it, decides what a crash left, and only then changes anything.
class Opening {
public:
    Opening(Log::State& state, Place from, const Log::OnCommit& on_commit);

    /// Throws DamagedLog, StorageError, DeviceError.
    [[nodiscard]] Recovery run();

private:
    void check_format_file() const;
    void begin_log();
    void open_segments();
    [[nodiscard]] std::shared_ptr<const Segment> open_segment(std::uint64_t number);
    void find_start();

    /// Reads the commits of a segment, hands over those that are wanted, and returns what has read them.
    [[nodiscard]] CommitReader read_commits(const Segment& segment);
    [[nodiscard]] std::uint64_t start_in(const Segment& segment) const;
    void read_sealed_segment(const Segment& segment);
    void read_last_segment();
    void find_torn_commit(CommitReader& reader);
    void check_start_was_found(const CommitReader& reader);

    void make_durable(const CommitReader& reader);
    void write_again(std::uint64_t commit_byte, std::uint64_t end);
    void clear_away();
    void mark_as_store();

    [[nodiscard]] DamagedLog damage(const Segment& segment, std::uint64_t byte, const std::string& what) const;
    [[nodiscard]] StorageError beyond_the_log() const;
    void report_progress(std::uint64_t segment);

    Log::State& state_;
    LogDevice& device_;
    Place from_;
    const Log::OnCommit& on_commit_;
    LogFiles files_;
    std::optional<ZerosAtEnd> zeros_;  ///< of the last segment
    bool start_found_ = false;
    std::uint64_t torn_end_ = 0;
    std::uint64_t read_bytes_ = 0;
    Recovery found_;
};

}  // namespace foldback::log
