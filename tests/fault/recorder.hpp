#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

#include "fault/disk.hpp"

namespace foldback::fault {

/// Records what this process does to the files below a directory, whoever does it: our file device, SQLite, the
/// standard library. The program that links this has the system calls of the C library replaced by ones that note what
/// they did. While something is recorded they are done one at a time, so that the record has an order. One recorder at
/// a time.
class Recorder {
public:
    /// Files that are already there count as durable.
    explicit Recorder(const std::filesystem::path& directory);
    Recorder(const Recorder&) = delete;
    Recorder& operator=(const Recorder&) = delete;
    ~Recorder();

    /// How much was recorded so far.
    [[nodiscard]] std::size_t size() const;

    /// Ends the recording.
    [[nodiscard]] std::vector<DiskOperation> finish();
};

}  // namespace foldback::fault
