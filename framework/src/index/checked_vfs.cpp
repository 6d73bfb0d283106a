#include "index/checked_vfs.hpp"

#include <sqlite3.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "log/crc32c.hpp"

namespace foldback::index {
namespace {

constexpr const char* vfs_name = "foldback-checked";
constexpr int page_bytes = 4096;
constexpr int reserved_bytes = 8;
/// Reading parts of pages, which newer versions of SQLite do where the VFS allows it, would go past the check.
constexpr int iocap_subpage_read = 0x8000;

/// What SQLite sees as an open file; the file of the default VFS lies right behind it.
struct CheckedFile {
    sqlite3_file base;
    bool is_database;

    [[nodiscard]] sqlite3_file* real() noexcept { return reinterpret_cast<sqlite3_file*>(this + 1); }
    [[nodiscard]] bool is_page(int bytes, sqlite3_int64 offset) const noexcept {
        return is_database && bytes == page_bytes && offset % page_bytes == 0;
    }
};

CheckedFile& checked(sqlite3_file* file) noexcept { return *reinterpret_cast<CheckedFile*>(file); }

sqlite3_file* real(sqlite3_file* file) noexcept { return checked(file).real(); }

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

int close(sqlite3_file* file) { return real(file)->pMethods->xClose(real(file)); }
int truncate(sqlite3_file* file, sqlite3_int64 size) { return real(file)->pMethods->xTruncate(real(file), size); }
int sync(sqlite3_file* file, int flags) { return real(file)->pMethods->xSync(real(file), flags); }
int file_size(sqlite3_file* file, sqlite3_int64* size) { return real(file)->pMethods->xFileSize(real(file), size); }
int lock(sqlite3_file* file, int level) { return real(file)->pMethods->xLock(real(file), level); }
int unlock(sqlite3_file* file, int level) { return real(file)->pMethods->xUnlock(real(file), level); }
int check_lock(sqlite3_file* file, int* out) { return real(file)->pMethods->xCheckReservedLock(real(file), out); }
int control(sqlite3_file* file, int op, void* arg) { return real(file)->pMethods->xFileControl(real(file), op, arg); }
int sector_size(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }
int characteristics(sqlite3_file* file) {
    return real(file)->pMethods->xDeviceCharacteristics(real(file)) & ~iocap_subpage_read;
}
int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
    return real(file)->pMethods->xShmMap(real(file), page, size, extend, out);
}
int shm_lock(sqlite3_file* file, int offset, int n, int flags) {
    return real(file)->pMethods->xShmLock(real(file), offset, n, flags);
}
void shm_barrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }
int shm_unmap(sqlite3_file* file, int flags) { return real(file)->pMethods->xShmUnmap(real(file), flags); }

/// Version 2: with shared memory for the write-ahead log, without memory-mapped reads.
constexpr sqlite3_io_methods methods{.iVersion = 2,
                                     .xClose = close,
                                     .xRead = read_page,
                                     .xWrite = write_page,
                                     .xTruncate = truncate,
                                     .xSync = sync,
                                     .xFileSize = file_size,
                                     .xLock = lock,
                                     .xUnlock = unlock,
                                     .xCheckReservedLock = check_lock,
                                     .xFileControl = control,
                                     .xSectorSize = sector_size,
                                     .xDeviceCharacteristics = characteristics,
                                     .xShmMap = shm_map,
                                     .xShmLock = shm_lock,
                                     .xShmBarrier = shm_barrier,
                                     .xShmUnmap = shm_unmap,
                                     .xFetch = nullptr,
                                     .xUnfetch = nullptr};

int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    auto* const default_vfs = static_cast<sqlite3_vfs*>(vfs->pAppData);
    auto& opened = checked(file);
    opened.base.pMethods = nullptr;
    opened.is_database = (flags & SQLITE_OPEN_MAIN_DB) != 0;
    const int result = default_vfs->xOpen(default_vfs, name, opened.real(), flags, out_flags);
    if (opened.real()->pMethods != nullptr) opened.base.pMethods = &methods;
    return result;
}

/// The default VFS, but for opening; its other functions take no notice of the VFS they are called through.
sqlite3_vfs* register_checked() {
    static sqlite3_vfs vfs;
    auto* const default_vfs = sqlite3_vfs_find(nullptr);
    vfs = *default_vfs;
    vfs.zName = vfs_name;
    vfs.pNext = nullptr;
    vfs.pAppData = default_vfs;
    vfs.szOsFile = static_cast<int>(sizeof(CheckedFile)) + default_vfs->szOsFile;
    vfs.xOpen = open;
    sqlite3_vfs_register(&vfs, 0);
    return &vfs;
}

}  // namespace

const char* checked_vfs() {
    static const sqlite3_vfs* const registered = register_checked();
    return registered->zName;
}

bool reserve_checksums(sqlite3* database) {
    int reserved = reserved_bytes;
    sqlite3_file_control(database, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
    int found = -1;
    sqlite3_file_control(database, "main", SQLITE_FCNTL_RESERVE_BYTES, &found);
    return found == reserved_bytes;
}

}  // namespace foldback::index
