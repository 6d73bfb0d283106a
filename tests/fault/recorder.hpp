#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "fault/disk.hpp"

namespace foldback::fault {

/// A system call that fails without having been made.
struct InjectedFault {
    enum class On : std::uint8_t { change, read, open };  ///< `change`: write, sync, reservation, name
    On on = On::change;
    std::uint64_t after_calls = 0;  ///< so many more of these calls succeed
    int error = 0;                  ///< errno
    bool sticky = false;            ///< all later ones fail too
};

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

    /// From now on calls on files below the directory fail.
    void inject(const InjectedFault& fault);
    /// How often that happened.
    [[nodiscard]] std::uint64_t injected() const;

    /// Ends the recording and the faults.
    [[nodiscard]] std::vector<DiskOperation> finish();
};

}  // namespace foldback::fault
