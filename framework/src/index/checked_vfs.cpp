#include "index/checked_vfs.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "index/vfs_shim.hpp"
#include "log/crc32c.hpp"

namespace foldback::index {
namespace {

constexpr const char* vfs_name = "foldback-checked";
constexpr int page_bytes = 4096;
constexpr int reserved_bytes = 8;
/// Reading parts of pages, which newer versions of SQLite do where the VFS allows it, would go past the check.
constexpr int iocap_subpage_read = 0x8000;

struct CheckedFile {
    sqlite3_file base;
    bool is_database;

    [[nodiscard]] bool is_page(int bytes, sqlite3_int64 offset) const noexcept {
        return is_database && bytes == page_bytes && offset % page_bytes == 0;
    }
};

using Shim = VfsShim<CheckedFile>;

CheckedFile& checked(sqlite3_file* file) noexcept { return Shim::of(file); }
sqlite3_file* real(sqlite3_file* file) noexcept { return Shim::real(file); }

/// Of a page at its place: a page written to another's place is damage, too.
std::uint32_t checksum(const char* page, sqlite3_int64 offset) noexcept {
    std::array<char, sizeof offset> place{};
    std::memcpy(place.data(), &offset, sizeof offset);
    return log::crc32c({page, page_bytes - reserved_bytes}, log::crc32c({place.data(), place.size()}));
}

int read_page(sqlite3_file* file, void* out, int bytes, sqlite3_int64 offset) {
    const int result = real(file)->pMethods->xRead(real(file), out, bytes, offset);
    if (!checked(file).is_page(bytes, offset)) return result;
    const auto* page = static_cast<const char*>(out);
    // SQLite would take what is missing from a file that was cut for zeros. Of an empty one it asks for the first page.
    if (result == SQLITE_IOERR_SHORT_READ && (offset > 0 || page[0] != '\0')) return SQLITE_IOERR_DATA;
    if (result != SQLITE_OK) return result;
    std::uint32_t stored = 0;
    std::memcpy(&stored, page + page_bytes - reserved_bytes, sizeof stored);
    return stored == checksum(page, offset) ? SQLITE_OK : SQLITE_IOERR_DATA;
}

int write_page(sqlite3_file* file, const void* data, int bytes, sqlite3_int64 offset) {
    if (!checked(file).is_page(bytes, offset)) return real(file)->pMethods->xWrite(real(file), data, bytes, offset);
    std::array<char, page_bytes> page;
    std::memcpy(page.data(), data, page_bytes);
    const auto sum = checksum(page.data(), offset);
    std::memset(page.data() + page_bytes - reserved_bytes, 0, reserved_bytes);
    std::memcpy(page.data() + page_bytes - reserved_bytes, &sum, sizeof sum);
    return real(file)->pMethods->xWrite(real(file), page.data(), bytes, offset);
}

int characteristics(sqlite3_file* file) {
    return real(file)->pMethods->xDeviceCharacteristics(real(file)) & ~iocap_subpage_read;
}

constexpr sqlite3_io_methods methods = [] {
    auto all = Shim::passing_on();
    all.xRead = read_page;
    all.xWrite = write_page;
    all.xDeviceCharacteristics = characteristics;
    return all;
}();

int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    checked(file).is_database = (flags & SQLITE_OPEN_MAIN_DB) != 0;
    return Shim::open_real(vfs, name, file, flags, out_flags, methods);
}

}  // namespace

const char* checked_vfs() {
    static const bool is_registered = (Shim::register_as(vfs_name, open), true);
    (void)is_registered;
    return vfs_name;
}

bool reserve_checksums(sqlite3* database) {
    int reserved = reserved_bytes;
    sqlite3_file_control(database, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
    int found = -1;
    sqlite3_file_control(database, "main", SQLITE_FCNTL_RESERVE_BYTES, &found);
    return found == reserved_bytes;
}

}  // namespace foldback::index
