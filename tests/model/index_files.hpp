#pragma once

#include <filesystem>
#include <vector>

#include "model/operations.hpp"
#include "support/temporary_directory.hpp"

namespace foldback::model {

/// The index of a store under test, and what can become of it while nobody looks. In a directory of its own.
class IndexFiles {
public:
    [[nodiscard]] std::filesystem::path file() const { return directory_.path() / "index.db"; }

    /// Keeps a copy of the index as it is now, to come back to at any later time.
    void keep_copy(Random& random);
    /// Remembers the index as a dying process leaves it, …
    void note_death();
    /// … and brings it back to that, whatever the process did while it was destroyed.
    void restore_death();

    static constexpr const char* damaged = "the index is damaged";
    /// Keeps the index, deletes it, puts an old copy in its place, or damages it. Says what.
    std::string suffer(Random& random);

private:
    void put(const std::filesystem::path& from);
    void copy(const std::filesystem::path& from, const std::filesystem::path& to) const;
    void damage(Random& random);
    void remove();

    /// In memory where that is possible: these files need not outlive the machine.
    test::TemporaryDirectory directory_{
        std::filesystem::is_directory("/dev/shm") ? "/dev/shm" : std::filesystem::temp_directory_path()};
    std::vector<std::filesystem::path> copies_;
};

}  // namespace foldback::model
