#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "log/archive_place.hpp"
#include "log/log.hpp"
#include "log/shared_log.hpp"

/// Sealed segments of a shared log in a place that all its nodes reach, byte for byte as the log has them.
namespace foldback::log {

/// A segment of an archive that is whole: each of its commits was read up to the seal.
struct ArchivedSegment {
    SegmentHeader header;
    LastCommit seal;
    std::shared_ptr<const ReadableFile> file;
};

/// One place. Any number of processes read it while one of them adds to it. One thread at a time, but for `interrupt`.
/// What reads or writes throws StorageError when the place holds a store, or the archive of another log; DeviceError.
class Archive {
public:
    Archive(std::shared_ptr<ArchivePlace> place, SharedOrigin origin);

    /// Whether anything was ever put here.
    [[nodiscard]] bool has_begun();

    /// Reads a segment and checks each commit of it; empty when it is not here. Throws StorageError when it is damaged.
    [[nodiscard]] std::optional<ArchivedSegment> find(std::uint64_t number);

    /// Whether a segment is here that ends with this seal. No more of it is read.
    [[nodiscard]] bool ends_with(const LastCommit& seal);

    /// Hands over the commits of a segment from one of them on, as SharedLog::read does; false when it is not what it was any more.
    /// Throws DeviceError, and what `on_commit` throws.
    static bool read(const ArchivedSegment& segment, std::uint64_t from_byte,
                     const std::function<void(const SharedCommit&)>& on_commit);

    /// Makes durable what `find` found, whoever put it here. Throws DeviceError.
    void sync(const ArchivedSegment& segment);

    /// Removes what was being put here by somebody who died. Throws DeviceError.
    void clear_away();

    /// Hands over all commits of the segment.
    using Source = std::function<void(const std::function<void(const SharedCommit&)>&)>;
    /// Puts a segment here, as ArchivePlace::put does, read back commit by commit. Throws what the source throws, and StorageError
    /// when what it gave is not the segment that ends with this seal.
    void put(const LastCommit& seal, const Source& source);

    /// As ArchivePlace's.
    void interrupt() noexcept { place_->interrupt(); }

private:
    void begin();
    /// Without its file. Throws StorageError, which begins with `damaged`, when it is not whole.
    [[nodiscard]] static ArchivedSegment read_whole(const ReadableFile& file, std::uint64_t number,
                                                    const std::string& damaged);

    std::shared_ptr<ArchivePlace> place_;
    SharedOrigin origin_;
    bool has_begun_ = false;  ///< and is this log's
};

}  // namespace foldback::log
