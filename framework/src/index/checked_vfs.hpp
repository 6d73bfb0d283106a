#pragma once

struct sqlite3;

/// Checksums for the pages of index.db: SQLite has none, and a bit that flips in it could hide a producer or move a tail.
namespace foldback::index {

/// The name of SQLite's default VFS with one thing added: each page of a database file ends in a CRC32C, and reading a
/// page that does not match it fails with SQLITE_IOERR_DATA. Only for databases that `reserve_checksums` was called on.
/// Registered at the first call; any thread.
[[nodiscard]] const char* checked_vfs();

/// Keeps the end of each page free for its checksum. Before the first page is written; later it only checks that this
/// was done. False when the database was made without.
[[nodiscard]] bool reserve_checksums(sqlite3* database);

}  // namespace foldback::index
