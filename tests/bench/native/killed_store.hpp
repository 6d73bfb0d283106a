#pragma once

#include <filesystem>

namespace bench {

/// A store whose processes all ended with SIGKILL.
class KilledStore {
public:
    /// Fills it with so many batches of a thousand events.
    KilledStore(std::filesystem::path path, int batches);

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

    /// Seconds that opening takes. Then some batches are appended, so that each opening has a tail that the index lacks.
    double open();

private:
    void append(int batches);

    std::filesystem::path path_;
};

}  // namespace bench
