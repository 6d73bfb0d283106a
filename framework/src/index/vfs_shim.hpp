#pragma once

#include <sqlite3.h>

namespace foldback::index {

/// What a VFS needs that adds something to SQLite's default one: a file that passes everything on to the default file, which lies
/// right behind it in memory. `File` is a struct that begins with an `sqlite3_file`.
template <class File>
struct VfsShim {
    [[nodiscard]] static File& of(sqlite3_file* file) noexcept { return *reinterpret_cast<File*>(file); }
    [[nodiscard]] static sqlite3_file* real(sqlite3_file* file) noexcept {
        return reinterpret_cast<sqlite3_file*>(&of(file) + 1);
    }

    /// Version 2: with shared memory for the write-ahead log, without memory-mapped reads.
    [[nodiscard]] static constexpr sqlite3_io_methods passing_on() noexcept {
        return {
            .iVersion = 2,
            .xClose = [](sqlite3_file* file) { return real(file)->pMethods->xClose(real(file)); },
            .xRead = [](sqlite3_file* file, void* out, int bytes,
                        sqlite3_int64 offset) { return real(file)->pMethods->xRead(real(file), out, bytes, offset); },
            .xWrite =
                [](sqlite3_file* file, const void* data, int bytes, sqlite3_int64 offset) {
                    return real(file)->pMethods->xWrite(real(file), data, bytes, offset);
                },
            .xTruncate = [](sqlite3_file* file,
                            sqlite3_int64 size) { return real(file)->pMethods->xTruncate(real(file), size); },
            .xSync = [](sqlite3_file* file, int flags) { return real(file)->pMethods->xSync(real(file), flags); },
            .xFileSize = [](sqlite3_file* file,
                            sqlite3_int64* size) { return real(file)->pMethods->xFileSize(real(file), size); },
            .xLock = [](sqlite3_file* file, int level) { return real(file)->pMethods->xLock(real(file), level); },
            .xUnlock = [](sqlite3_file* file, int level) { return real(file)->pMethods->xUnlock(real(file), level); },
            .xCheckReservedLock = [](sqlite3_file* file,
                                     int* out) { return real(file)->pMethods->xCheckReservedLock(real(file), out); },
            .xFileControl = [](sqlite3_file* file, int op,
                               void* arg) { return real(file)->pMethods->xFileControl(real(file), op, arg); },
            .xSectorSize = [](sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); },
            .xDeviceCharacteristics =
                [](sqlite3_file* file) { return real(file)->pMethods->xDeviceCharacteristics(real(file)); },
            .xShmMap =
                [](sqlite3_file* file, int page, int size, int extend, void volatile** out) {
                    return real(file)->pMethods->xShmMap(real(file), page, size, extend, out);
                },
            .xShmLock = [](sqlite3_file* file, int offset, int n,
                           int flags) { return real(file)->pMethods->xShmLock(real(file), offset, n, flags); },
            .xShmBarrier = [](sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); },
            .xShmUnmap = [](sqlite3_file* file,
                            int flags) { return real(file)->pMethods->xShmUnmap(real(file), flags); },
            .xFetch = nullptr,
            .xUnfetch = nullptr};
    }

    /// Opens the default file behind `file`; then, if it is to be closed later, `file` has these methods.
    [[nodiscard]] static int open_real(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags,
                                       int* out_flags, const sqlite3_io_methods& methods) {
        auto* const default_vfs = static_cast<sqlite3_vfs*>(vfs->pAppData);
        file->pMethods = nullptr;
        const int result = default_vfs->xOpen(default_vfs, name, real(file), flags, out_flags);
        if (real(file)->pMethods != nullptr) file->pMethods = &methods;
        return result;
    }

    using Open = int (*)(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags);

    /// The default VFS, but for opening; its other functions take no notice of the VFS they are called through. Once.
    static void register_as(const char* name, Open open) {
        static sqlite3_vfs vfs;
        auto* const default_vfs = sqlite3_vfs_find(nullptr);
        vfs = *default_vfs;
        vfs.zName = name;
        vfs.pNext = nullptr;
        vfs.pAppData = default_vfs;
        vfs.szOsFile = static_cast<int>(sizeof(File)) + default_vfs->szOsFile;
        vfs.xOpen = open;
        sqlite3_vfs_register(&vfs, 0);
    }
};

}  // namespace foldback::index
