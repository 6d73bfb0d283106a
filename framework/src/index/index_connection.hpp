#pragma once

#include <exception>

#include <SQLiteCpp/SQLiteCpp.h>

#include "index/index_db.hpp"

namespace foldback::index {

/// The columns of `streams`, in the order that every statement here uses.
inline constexpr const char* stream_columns =
    "incarnation, path, content_type, ttl_seconds, expires_at_ms, created_at_ms, created_in_segment, tail, first, "
    "closed, soft_deleted, forks, closer_id, closer_epoch, closer_seq, stream_seq, producer_count, last_access_ms, "
    "source, source_path, fork_offset, requested_incarnation, requested_offset, requested_sub_offset, requested_tail";

/// One SQLite connection and its prepared statements.
struct IndexDb::Connection {
    enum class Role : std::uint8_t { writer, reader };
    Connection(const std::filesystem::path& file, Role role);

    /// Creates the tables of an empty file; throws StorageError when the file is of another format.
    void prepare_schema();

    SQLite::Database db;

    struct Reading {
        explicit Reading(SQLite::Database& db);
        SQLite::Statement by_path;
        SQLite::Statement by_incarnation;
        SQLite::Statement producer;
        SQLite::Statement extents_from;
        SQLite::Statement extents_before;
        SQLite::Statement stored_bytes;
        SQLite::Statement landmark;
        SQLite::Statement list;
        SQLite::Statement paths;
        SQLite::Statement due;
        SQLite::Statement tombstone;
    };
    /// Prepared once the tables exist.
    std::unique_ptr<Reading> reading;

    /// Ends queries that were left in the middle.
    void reset_all() noexcept;

private:
    void configure(Role role, bool in_memory);
};

/// Removes the file when the error means that it is damaged.
void forget_if_damaged(const std::filesystem::path& file, const SQLite::Exception& error) noexcept;

class IndexDb::Lease {
public:
    Lease(IndexDb& owner, std::unique_ptr<Connection> pooled) : owner_(owner), pooled_(std::move(pooled)) {}
    Lease(IndexDb& owner, std::unique_lock<std::mutex> lock) : owner_(owner), lock_(std::move(lock)) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease();

    Connection::Reading* operator->() const { return (pooled_ ? pooled_ : owner_.writer_)->reading.get(); }

private:
    IndexDb& owner_;
    std::unique_ptr<Connection> pooled_;
    std::unique_lock<std::mutex> lock_;
    const int exceptions_ = std::uncaught_exceptions();  ///< when it began
};

/// Runs `work`, turning SQLite's exceptions into StorageError. An index that turns out to be damaged loses its file, so
/// that the next opening rebuilds it.
template <class Work>
auto with_sqlite_errors(const std::filesystem::path& file, const char* doing, Work&& work) -> decltype(work()) {
    try {
        return work();
    } catch (const SQLite::Exception& error) {
        forget_if_damaged(file, error);
        throw StorageError(std::string("index.db: ") + doing + ": " + error.what());
    }
}

}  // namespace foldback::index
