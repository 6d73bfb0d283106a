#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

/// What a program does to a directory of files, and what of it is there after the power was lost.
namespace foldback::fault {

using Random = std::mt19937_64;

/// One system call that changed something below the watched directory. Paths are relative to that directory, which is
/// itself the empty path.
struct DiskOperation {
    enum class Kind : std::uint8_t {
        make_directory,
        create,
        rename,
        remove,
        write,
        resize,  ///< also the growth by a reservation
        sync_file,
        sync_directory,
    };
    Kind kind;
    std::string path{};       ///< of the names, and of sync_directory
    std::string new_path{};   ///< rename
    std::uint64_t inode = 0;  ///< of a file; directories have 0
    std::uint64_t offset = 0;
    std::uint64_t size = 0;  ///< resize
    std::string data{};
};

/// The contents of a directory: files by their path; directories end in a slash.
using Image = std::map<std::string, std::string>;

/// Makes `directory`, which is emptied first, what the image says.
void put(const Image& image, const std::filesystem::path& directory);
[[nodiscard]] Image image_of(const std::filesystem::path& directory);

/// What happens to what was not yet synced when the power fails.
enum class Loss : std::uint8_t {
    all,           ///< nothing of it is there
    none,          ///< all of it is there, as after kill -9
    some_writes,   ///< any of the writes are there, in any order, whole
    torn_sectors,  ///< of any write any pieces of 512 bytes are there
    torn_pages,    ///< of any write any pieces of 4 KiB are there
    zeros,         ///< files have their new sizes, what was written reads as zeros
};
inline constexpr Loss all_losses[] = {Loss::all,          Loss::none,       Loss::some_writes,
                                      Loss::torn_sectors, Loss::torn_pages, Loss::zeros};
[[nodiscard]] const char* name_of(Loss loss) noexcept;

/// A disk that keeps apart what is durable and what the operating system merely remembers. Strict where POSIX is: a new,
/// renamed or removed name lasts only once its directory was synced, even when the file itself was. Of the changes of
/// one directory the first few are kept, as journalling file systems do; files and directories are independent.
class Disk {
public:
    /// Syncs that a disk (or a store that forgot them) does not perform, so as to prove that a check would see it.
    struct Lies {
        bool ignores_file_syncs = false;
        bool ignores_directory_syncs = false;
    };

    explicit Disk(const Image& initial = {}) : Disk(initial, Lies{}) {}
    Disk(const Image& initial, Lies lies);

    /// Keeps a reference to the operation.
    void apply(const DiskOperation& operation);

    [[nodiscard]] Image after(Loss loss, Random& random) const;

private:
    struct File {
        std::string durable;
        std::vector<const DiskOperation*> unsynced;
    };
    using Names = std::map<std::string, std::uint64_t>;

    [[nodiscard]] Names names_after(Loss loss, Random& random) const;
    [[nodiscard]] static std::string contents_after(const File& file, Loss loss, Random& random);

    Lies lies_;
    std::map<std::uint64_t, File> files_;
    Names durable_names_;
    std::map<std::string, std::vector<const DiskOperation*>> unsynced_names_;  ///< by directory
};

}  // namespace foldback::fault
