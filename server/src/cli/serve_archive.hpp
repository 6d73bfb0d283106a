#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "cli/serve_settings.hpp"

namespace foldback {
class ArchivePlace;
class S3Bucket;
}  // namespace foldback

namespace foldback::cli {

/// Throws Failure (usage) when the settings name no place, or what is for a bucket only without one.
void require_sound_archive(const ServeSettings& settings);

/// Where the archives of logs are, as the settings and the environment name it: in a directory, or in a bucket.
class Archives {
public:
    /// Throws Failure (usage; refused when credentials are missing).
    Archives(const ServeSettings& settings, const Environment& environment);

    /// Whether there are any.
    [[nodiscard]] bool exist() const noexcept { return !archive_.empty(); }

    /// Of one log: of that partition, or of the only one. `data` is the directory of its copy. Throws StorageError.
    [[nodiscard]] std::shared_ptr<ArchivePlace> place(const std::string& partition,
                                                      const std::filesystem::path& data) const;

    /// What to look at when a place refuses.
    [[nodiscard]] std::string remedy() const;

private:
    std::string archive_;
    std::shared_ptr<S3Bucket> bucket_;  ///< null: a directory
};

}  // namespace foldback::cli
