#include "app/gathering_vfs.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "index/vfs_shim.hpp"

namespace foldback::app {
namespace {

constexpr const char* vfs_name = "foldback-gathering";
/// A frame of a write-ahead log is a header and a page (sqlite.org/fileformat2.html#walformat).
constexpr int frame_header_bytes = 24;
constexpr std::size_t most_gathered = 1 << 20;
/// At once: the default VFS takes 128 KiB and more for something else (its size modulo 128 KiB).
constexpr std::size_t most_written = 64 << 10;

struct Gathered {
    std::vector<char> bytes;        ///< written by SQLite and not yet to the file
    sqlite3_int64 end = 0;          ///< of what was written last, and so of `bytes`
    bool ends_transaction = false;  ///< the page that comes next is a transaction's last
};

struct GatheringFile {
    sqlite3_file base;
    Gathered* gathered;  ///< owned; null for what is no write-ahead log
};

using Shim = index::VfsShim<GatheringFile>;

/// In a frame's header: the size of the database after it, for the last one of a transaction; 0 for the others.
bool ends_transaction(const void* frame_header) {
    constexpr std::size_t place = 4;
    const char none[4] = {};
    return std::memcmp(static_cast<const char*>(frame_header) + place, none, sizeof none) != 0;
}

/// Writes what was gathered. It is gone also when that fails: SQLite then takes the transaction back.
int flush(sqlite3_file* file) {
    auto* const gathered = Shim::of(file).gathered;
    if (gathered == nullptr || gathered->bytes.empty()) return SQLITE_OK;
    auto* const real = Shim::real(file);
    const auto size = gathered->bytes.size();
    const auto begin = gathered->end - static_cast<sqlite3_int64>(size);
    int result = SQLITE_OK;
    for (std::size_t done = 0; done < size && result == SQLITE_OK; done += most_written) {
        const auto bytes = static_cast<int>(std::min(most_written, size - done));
        result = real->pMethods->xWrite(real, gathered->bytes.data() + done, bytes,
                                        begin + static_cast<sqlite3_int64>(done));
    }
    gathered->bytes.clear();
    return result;
}

int gather(sqlite3_file* file, const void* data, int bytes, sqlite3_int64 offset) {
    auto* const real = Shim::real(file);
    auto* const gathered = Shim::of(file).gathered;
    if (gathered == nullptr) return real->pMethods->xWrite(real, data, bytes, offset);

    const bool is_header = bytes == frame_header_bytes;
    if (is_header) gathered->ends_transaction = ends_transaction(data);
    if (offset != gathered->end) {
        // Another place: a transaction was taken back, or frames that are there are written again.
        if (const int result = flush(file); result != SQLITE_OK) return result;
        gathered->end = offset + bytes;
        return real->pMethods->xWrite(real, data, bytes, offset);
    }
    const auto* const begin = static_cast<const char*>(data);
    try {
        gathered->bytes.insert(gathered->bytes.end(), begin, begin + bytes);
    } catch (const std::bad_alloc&) {
        gathered->bytes.clear();
        return SQLITE_IOERR_NOMEM;
    }
    gathered->end += bytes;
    const bool is_last = !is_header && gathered->ends_transaction;
    return is_last || gathered->bytes.size() >= most_gathered ? flush(file) : SQLITE_OK;
}

// Whatever else is done to a log finds all of it in the file.

int close(sqlite3_file* file) {
    const int flushed = flush(file);
    delete Shim::of(file).gathered;
    const int closed = Shim::real(file)->pMethods->xClose(Shim::real(file));
    return flushed != SQLITE_OK ? flushed : closed;
}
int read(sqlite3_file* file, void* out, int bytes, sqlite3_int64 offset) {
    const int result = flush(file);
    return result != SQLITE_OK ? result : Shim::real(file)->pMethods->xRead(Shim::real(file), out, bytes, offset);
}
int truncate(sqlite3_file* file, sqlite3_int64 size) {
    const int result = flush(file);
    return result != SQLITE_OK ? result : Shim::real(file)->pMethods->xTruncate(Shim::real(file), size);
}
int sync(sqlite3_file* file, int flags) {
    const int result = flush(file);
    return result != SQLITE_OK ? result : Shim::real(file)->pMethods->xSync(Shim::real(file), flags);
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
    const int result = flush(file);
    return result != SQLITE_OK ? result : Shim::real(file)->pMethods->xFileSize(Shim::real(file), size);
}

constexpr sqlite3_io_methods methods = [] {
    auto all = Shim::passing_on();
    all.xClose = close;
    all.xRead = read;
    all.xWrite = gather;
    all.xTruncate = truncate;
    all.xSync = sync;
    all.xFileSize = file_size;
    return all;
}();

int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    std::unique_ptr<Gathered> gathered;
    if ((flags & SQLITE_OPEN_WAL) != 0) {
        gathered.reset(new (std::nothrow) Gathered());
        if (!gathered) return SQLITE_NOMEM;
    }
    const int result = Shim::open_real(vfs, name, file, flags, out_flags, methods);
    Shim::of(file).gathered = file->pMethods != nullptr ? gathered.release() : nullptr;
    return result;
}

}  // namespace

const char* gathering_vfs() {
    static const bool is_registered = (Shim::register_as(vfs_name, open), true);
    (void)is_registered;
    return vfs_name;
}

}  // namespace foldback::app
