#include "index/index_connection.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include "index/checked_vfs.hpp"

namespace foldback::index {
namespace {

constexpr int format = 3;

constexpr const char* schema = R"sql(
    CREATE TABLE head (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        covered_segment INTEGER NOT NULL, covered_byte INTEGER NOT NULL, covered_epoch INTEGER NOT NULL,
        next_position INTEGER NOT NULL, next_incarnation INTEGER NOT NULL);
    INSERT INTO head VALUES (1, 0, 0, 0, 0, 1);
    CREATE TABLE streams (
        incarnation INTEGER PRIMARY KEY, path TEXT NOT NULL, content_type TEXT NOT NULL,
        ttl_seconds INTEGER, expires_at_ms INTEGER, created_at_ms INTEGER NOT NULL,
        created_in_segment INTEGER NOT NULL, tail INTEGER NOT NULL, first INTEGER NOT NULL,
        closed INTEGER NOT NULL, soft_deleted INTEGER NOT NULL, forks INTEGER NOT NULL,
        closer_id TEXT, closer_epoch INTEGER, closer_seq INTEGER, stream_seq BLOB,
        producer_count INTEGER NOT NULL, last_access_ms INTEGER NOT NULL,
        source INTEGER NOT NULL, source_path TEXT, fork_offset INTEGER NOT NULL,
        requested_incarnation INTEGER NOT NULL, requested_offset INTEGER NOT NULL,
        requested_sub_offset INTEGER NOT NULL, requested_tail INTEGER NOT NULL,
        deadline_ms INTEGER);
    CREATE UNIQUE INDEX streams_by_path ON streams (path);
    CREATE INDEX streams_by_deadline ON streams (deadline_ms) WHERE deadline_ms IS NOT NULL;
    CREATE TABLE producers (
        incarnation INTEGER NOT NULL, id TEXT NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,
        PRIMARY KEY (incarnation, id)) WITHOUT ROWID;
    CREATE TABLE extents (
        incarnation INTEGER NOT NULL, first INTEGER NOT NULL, end INTEGER NOT NULL,
        segment INTEGER NOT NULL, generation INTEGER NOT NULL, bytes INTEGER NOT NULL,
        entries INTEGER NOT NULL, encoded BLOB NOT NULL,
        PRIMARY KEY (incarnation, first)) WITHOUT ROWID;
    CREATE INDEX extents_by_segment ON extents (segment);
    CREATE TABLE segments (
        number INTEGER PRIMARY KEY, generation INTEGER NOT NULL,
        bytes INTEGER NOT NULL, dead_bytes INTEGER NOT NULL);
    CREATE TABLE landmarks (
        position INTEGER PRIMARY KEY, segment INTEGER NOT NULL, byte INTEGER NOT NULL, generation INTEGER NOT NULL);
    CREATE TABLE tombstones (incarnation INTEGER PRIMARY KEY, created_in_segment INTEGER NOT NULL);
)sql";

std::string select_stream(const char* rest) {
    return std::string("SELECT ") + stream_columns + " FROM streams " + rest;
}

constexpr const char* extent_columns =
    "SELECT incarnation, first, end, segment, generation, bytes, entries, encoded FROM extents ";

/// Sees to it that the file, and with it SQLite's own files beside it, can be read by their owner alone.
const std::filesystem::path& prepared(const std::filesystem::path& file) {
    if (std::filesystem::exists(file)) return file;
    const int created = ::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (created >= 0) ::close(created);
    return file;
}

std::string select_extents(const char* rest) { return std::string(extent_columns) + rest; }

}  // namespace

IndexDb::Connection::Reading::Reading(SQLite::Database& db)
    : by_path(db, select_stream("WHERE path = ?")),
      by_incarnation(db, select_stream("WHERE incarnation = ?")),
      producer(db, "SELECT epoch, seq FROM producers WHERE incarnation = ? AND id = ?"),
      // The row that covers `from` begins at or before it; the subselect finds where to start.
      extents_from(db,
                   select_extents("WHERE incarnation = ?1 AND end > ?2 AND first >= coalesce((SELECT max(first) FROM "
                                  "extents WHERE incarnation = ?1 AND first <= ?2), 0) ORDER BY first LIMIT ?3")),
      extents_before(db, select_extents("WHERE incarnation = ? AND first < ? ORDER BY first DESC LIMIT ?")),
      stored_bytes(db, "SELECT coalesce(sum(bytes), 0) FROM extents WHERE incarnation = ?"),
      landmark(db,
               "SELECT position, segment, byte, generation FROM landmarks WHERE position <= ? ORDER BY position DESC "
               "LIMIT 1"),
      list(db, select_stream("WHERE path > ?1 AND path >= ?2 AND path < ?4 ORDER BY path LIMIT ?3")),
      paths(db, "SELECT path FROM streams WHERE path > ? ORDER BY path LIMIT ?"),
      due(db, "SELECT incarnation FROM streams WHERE deadline_ms <= ? ORDER BY deadline_ms LIMIT ?"),
      tombstone(db, "SELECT created_in_segment FROM tombstones WHERE incarnation = ?") {}

IndexDb::Connection::Connection(const std::filesystem::path& file, Role role)
    : db(file.empty()           ? std::string(":memory:")
         : role == Role::writer ? prepared(file).string()
                                : file.string(),
         SQLite::OPEN_NOMUTEX |
             (role == Role::writer ? SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE : SQLite::OPEN_READWRITE),
         10'000, file.empty() ? std::string() : checked_vfs()) {
    configure(role, file.empty());
    if (role == Role::writer) prepare_schema();
    reading = std::make_unique<Reading>(db);
}

void IndexDb::Connection::configure(Role role, bool in_memory) {
    if (!in_memory && !reserve_checksums(db.getHandle())) throw StorageError("index.db: its pages have no checksums");
    if (!in_memory && db.execAndGet("PRAGMA journal_mode = WAL").getString() != "wal") {
        throw StorageError("index.db: the file system does not support SQLite's write-ahead log");
    }
    db.exec("PRAGMA synchronous = FULL");
    if (db.execAndGet("PRAGMA synchronous").getInt() != 2) throw StorageError("index.db: synchronous is not FULL");
    db.exec("PRAGMA mmap_size = 0");
    db.exec("PRAGMA cache_size = -8000");
    if (role == Role::reader) {
        // Only the writer checkpoints: SQLite before 3.51.3 can corrupt its file when two connections do.
        db.exec("PRAGMA wal_autocheckpoint = 0");
        db.exec("PRAGMA query_only = 1");
        sqlite3_db_config(db.getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    }
}

void IndexDb::Connection::prepare_schema() {
    const auto version = db.execAndGet("PRAGMA user_version").getInt();
    if (version == format) return;
    if (version != 0 || db.execAndGet("SELECT count(*) FROM sqlite_master").getInt() != 0) {
        throw StorageError("index.db: format " + std::to_string(version) + " is not " + std::to_string(format));
    }
    SQLite::Transaction transaction(db);
    db.exec(schema);
    db.exec("PRAGMA user_version = " + std::to_string(format));
    transaction.commit();
}

void forget_if_damaged(const std::filesystem::path& file, const SQLite::Exception& error) noexcept {
    const int code = error.getErrorCode();
    const bool damaged =
        (code & 0xFF) == SQLITE_CORRUPT || code == SQLITE_NOTADB || error.getExtendedErrorCode() == SQLITE_IOERR_DATA;
    if (file.empty() || !damaged) return;
    std::error_code ignored;
    std::filesystem::remove(file, ignored);
}

void IndexDb::Connection::reset_all() noexcept {
    auto* const handle = db.getHandle();
    for (auto* query = sqlite3_next_stmt(handle, nullptr); query; query = sqlite3_next_stmt(handle, query))
        sqlite3_reset(query);
}

IndexDb::Lease::~Lease() {
    if (!pooled_) return;
    // Later queries on a connection see the index as it was when the first of those began that have not ended.
    if (std::uncaught_exceptions() > exceptions_) pooled_->reset_all();
    const std::lock_guard lock(owner_.pool_mutex_);
    owner_.pool_.push_back(std::move(pooled_));
}

}  // namespace foldback::index
