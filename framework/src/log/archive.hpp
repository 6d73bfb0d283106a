#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "log/device.hpp"
#include "log/log.hpp"
#include "log/shared_log.hpp"

/// Sealed segments of a shared log as files of a directory that all its nodes reach, byte for byte as the log has them.
namespace foldback::log {

/// A segment of an archive that is whole: each of its commits was read up to the seal.
struct ArchivedSegment {
    SegmentHeader header;
    LastCommit seal;
    std::shared_ptr<LogFile> file;
};

/// One directory. Any number of processes read it while one of them adds to it. One thread at a time.
class Archive {
public:
    /// Changes nothing. Throws StorageError when the directory is a store, or the archive of another log; DeviceError.
    Archive(std::shared_ptr<LogDevice> directory, SharedOrigin origin);

    /// Whether anything was ever put here.
    [[nodiscard]] bool has_begun() const;

    /// Reads a segment and checks each commit of it; empty when it is not here. Throws StorageError when it is damaged, DeviceError.
    [[nodiscard]] std::optional<ArchivedSegment> find(std::uint64_t number) const;

    /// Whether a segment is here that ends with this seal. No more of it is read. Throws DeviceError.
    [[nodiscard]] bool ends_with(const LastCommit& seal) const;

    /// Hands over the commits of a segment from one of them on, as SharedLog::read does; false when it is not what it was any more.
    /// Throws DeviceError, and what `on_commit` throws.
    static bool read(const ArchivedSegment& segment, std::uint64_t from_byte,
                     const std::function<void(const SharedCommit&)>& on_commit);

    /// Makes durable what `find` found, whoever wrote it. Throws DeviceError.
    void sync(const ArchivedSegment& segment);

    /// Removes what was being put here by somebody who died. Throws DeviceError.
    void clear_away();

    /// Hands over all commits of the segment.
    using Source = std::function<void(const std::function<void(const SharedCommit&)>&)>;
    /// Puts a segment here: it has its name when it is durable and was read back, and before that no name that anybody looks for. A
    /// file of that name is put aside, not overwritten. Throws what the source throws, and StorageError when what it
    /// gave is not the segment that ends with this seal, and DeviceError; then nothing is here that was not.
    void put(const LastCommit& seal, const Source& source);

private:
    void begin();
    void write(const std::string& name, std::uint64_t number, const Source& source);
    [[nodiscard]] std::optional<ArchivedSegment> find(const std::string& name, std::uint64_t number) const;
    [[nodiscard]] std::unique_ptr<LogFile> open(const std::string& name) const;

    std::shared_ptr<LogDevice> directory_;
    SharedOrigin origin_;
};

}  // namespace foldback::log
