#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace foldback {

class SharedLog;
class SharedSegments;

struct PostgresLogOptions {
    /// As libpq reads it: `postgres://user@host/database`, also with several hosts, of which the one that takes writes is chosen. The
    /// tables are made in the schema that is first in the search path.
    std::string url;
    /// Where the tables are instead, such as one that `open_postgres_partitions` gave.
    std::string schema{};
    /// Size of the first segment, when this node is the one that begins the log.
    std::uint64_t segment_bytes = 64 << 20;
    /// How long an append tries to reach the database, or to find out what became of it, before it is refused.
    std::chrono::milliseconds patience{10'000};
    /// How long the database may take for one answer, before the connection is given up.
    std::chrono::milliseconds answer_timeout{5'000};
    /// How often a node looks for news that it was not told of.
    std::chrono::milliseconds poll_interval{100};
    /// This node is to be the keeper, of whom a log has one at a time: who does what must be done once.
    bool keeper = false;
    /// Told, on a thread of the log's, when the connection was lost and meanwhile another node became the keeper. What the keeper does
    /// must stop at once; the node is one like any other then.
    std::function<void(const std::string&)> on_keeper_lost{};
    /// Told when the database goes out of reach and when it is back; on a thread of the log's or of the store's.
    std::function<void(const std::string&)> on_trouble{};
};

/// A log of commits in PostgreSQL (12 or later), for LogStore::open_shared: one object for each store. Makes its tables when they are
/// missing. Throws StoreUnavailable when the database cannot be reached, and StorageError when it is not fit: it does not flush
/// (`fsync = off`), or holds a log of another format, or has a keeper already.
[[nodiscard]] std::shared_ptr<SharedLog> open_postgres_log(PostgresLogOptions options);

/// Schemas for the logs of so many partitions, one for each store of a PartitionedStore, in its order; made when they are missing. The number
/// is kept in the database and never changes: throws StorageError when it is another one, or the database holds one log; and
/// StoreUnavailable. Only `url` and `answer_timeout` count.
[[nodiscard]] std::vector<std::string> open_postgres_partitions(const PostgresLogOptions& options, std::size_t count);

/// The segments of that log, for an Archiver: with a session of its own, and only `url`, `schema`, `segment_bytes` and `answer_timeout` of the
/// options. To remove what was archived the user must be allowed to DELETE. Throws as `open_postgres_log` does.
[[nodiscard]] std::shared_ptr<SharedSegments> open_postgres_segments(PostgresLogOptions options);

}  // namespace foldback
