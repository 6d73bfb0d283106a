#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "foldback/core/timestamp.hpp"
#include "log/log.hpp"

/// What a backup is made of, as a file of a repository.
namespace foldback::log {

struct BackedUpSegment {
    std::uint64_t number = 0;
    std::uint64_t epoch = 0;  ///< names this generation of the segment, among all
    std::uint64_t generation = 0;
    Position first_position;
    Incarnation next_incarnation;
    std::uint64_t capacity = 0;
    Position next_position;   ///< one past its last message
    std::uint64_t bytes = 0;  ///< of the file in the repository: up to the seal, or to the last commit
    std::uint32_t crc = 0;    ///< of these
    bool sealed = false;
    /// What rewriting has dropped was deleted before the message before this position was written: from here on the
    /// segment tells the past as it was.
    Position exact_from;

    /// Sealed segments are shared between backups; of the last one each has its own copy.
    [[nodiscard]] std::string file_name(std::string_view backup) const;
};

struct BackupManifest {
    std::string name;
    Timestamp created_at;
    Position next_position;
    std::vector<BackedUpSegment> segments;

    /// From where on its segments, up to one of them, tell the past as it was.
    [[nodiscard]] Position exact_from(std::uint64_t last_segment) const;
    [[nodiscard]] std::uint64_t bytes() const;
};

[[nodiscard]] std::string manifest_file_name(std::string_view backup);
[[nodiscard]] std::string encode_manifest(const BackupManifest& manifest);

/// All manifests of a repository, oldest first. Throws DeviceError, StorageError when one is damaged.
[[nodiscard]] std::vector<BackupManifest> read_manifests(LogDevice& repository);

/// Writes a file whole or not at all, durably.
void write_whole(LogDevice& device, std::string_view name, std::string_view bytes);

}  // namespace foldback::log
