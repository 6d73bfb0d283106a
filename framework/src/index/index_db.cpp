#include "index/index_db.hpp"

#include "index/index_connection.hpp"

namespace foldback::index {
namespace {

std::int64_t number(std::uint64_t value) { return static_cast<std::int64_t>(value); }
std::uint64_t number(const SQLite::Column& column) { return static_cast<std::uint64_t>(column.getInt64()); }

template <class... Values>
SQLite::Statement& bound(SQLite::Statement& statement, const Values&... values) {
    statement.tryReset();
    int index = 0;
    (statement.bind(++index, values), ...);
    return statement;
}

StreamMeta meta_of(SQLite::Statement& row) {
    StreamMeta meta{.incarnation = {number(row.getColumn(0))},
                    .path = StreamPath(row.getColumn(1).getString()),
                    .config = {},
                    .media_type = {},
                    .created_at = Timestamp{std::chrono::milliseconds{row.getColumn(5).getInt64()}},
                    .created_in_segment = number(row.getColumn(6)),
                    .source = {number(row.getColumn(18))},
                    .source_path = {},
                    .fork_offset = {number(row.getColumn(20))},
                    .requested_fork_point = {{number(row.getColumn(21))}, {number(row.getColumn(22))}},
                    .requested_sub_offset = number(row.getColumn(23)),
                    .requested_tail = row.getColumn(24).getInt() != 0,
                    .ancestors = {}};
    meta.config.content_type = row.getColumn(2).getString();
    if (!row.isColumnNull(3)) meta.config.ttl = std::chrono::seconds{row.getColumn(3).getInt64()};
    if (!row.isColumnNull(4))
        meta.config.expires_at = Timestamp{std::chrono::milliseconds{row.getColumn(4).getInt64()}};
    meta.media_type = media_type_of(meta.config.content_type);
    meta.framing = framing_of(meta.config.content_type);
    if (!row.isColumnNull(19)) meta.source_path = StreamPath(row.getColumn(19).getString());
    return meta;
}

StreamRow stream_of(SQLite::Statement& row) {
    StreamRow stream;
    stream.meta = std::make_shared<const StreamMeta>(meta_of(row));
    stream.tail = {number(row.getColumn(7))};
    stream.first = {number(row.getColumn(8))};
    stream.closed = row.getColumn(9).getInt() != 0;
    stream.soft_deleted = row.getColumn(10).getInt() != 0;
    stream.forks = static_cast<std::uint32_t>(row.getColumn(11).getInt64());
    if (!row.isColumnNull(12)) {
        stream.closed_by =
            Producer{row.getColumn(12).getString(), number(row.getColumn(13)), number(row.getColumn(14))};
    }
    if (!row.isColumnNull(15)) stream.stream_seq = row.getColumn(15).getString();
    stream.producer_count = static_cast<std::uint32_t>(row.getColumn(16).getInt64());
    stream.last_access_wall_ms = row.getColumn(17).getInt64();
    return stream;
}

std::vector<Extent> extents_of(SQLite::Statement& query) {
    std::vector<Extent> extents;
    while (query.executeStep()) {
        extents.push_back({.incarnation = {number(query.getColumn(0))},
                           .first = {number(query.getColumn(1))},
                           .end = {number(query.getColumn(2))},
                           .segment = number(query.getColumn(3)),
                           .generation = number(query.getColumn(4)),
                           .bytes = number(query.getColumn(5)),
                           .entries = static_cast<std::uint32_t>(query.getColumn(6).getInt64()),
                           .encoded = query.getColumn(7).getString()});
    }
    query.reset();
    return extents;
}

std::optional<StreamRow> one_stream(SQLite::Statement& query) {
    std::optional<StreamRow> stream;
    if (query.executeStep()) stream = stream_of(query);
    query.reset();
    return stream;
}

}  // namespace

IndexDb::IndexDb(std::filesystem::path file) : file_(std::move(file)) {
    // Whoever deletes an index may leave its log behind, which belongs to no other.
    if (!in_memory() && !std::filesystem::exists(file_)) discard(file_);
    with_sqlite_errors(file_, "opening",
                       [&] { writer_ = std::make_unique<Connection>(file_, Connection::Role::writer); });
}

IndexDb::~IndexDb() = default;

void IndexDb::discard(const std::filesystem::path& file) {
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
        const auto path = file.string() + suffix;
        std::error_code error;
        std::filesystem::remove(path, error);
        if (error) throw StorageError("removing " + path + " failed: " + error.message());
    }
}

IndexDb::Lease IndexDb::lease() {
    if (in_memory()) return {*this, std::unique_lock(writer_mutex_)};
    std::unique_ptr<Connection> connection;
    {
        const std::lock_guard lock(pool_mutex_);
        if (!pool_.empty()) {
            connection = std::move(pool_.back());
            pool_.pop_back();
        }
    }
    if (!connection) {
        connection = std::make_unique<Connection>(file_, Connection::Role::reader);
        const std::lock_guard lock(pool_mutex_);
        pool_.reserve(connections_ + 1);  // here, where it may fail, and not where a lease ends
        ++connections_;
    }
    return {*this, std::move(connection)};
}

IndexDb::Head IndexDb::head() const {
    return with_sqlite_errors(file_, "reading its head", [&] {
        const std::lock_guard lock(writer_mutex_);
        SQLite::Statement query(writer_->db,
                                "SELECT covered_segment, covered_byte, next_position, next_incarnation, covered_epoch "
                                "FROM head");
        if (!query.executeStep()) throw StorageError("index.db: it has no head");
        return Head{.covered = {number(query.getColumn(0)), number(query.getColumn(1))},
                    .covered_epoch = number(query.getColumn(4)),
                    .next_position = {number(query.getColumn(2))},
                    .next_incarnation = {number(query.getColumn(3))}};
    });
}

std::optional<StreamRow> IndexDb::find(const std::string& path) {
    return with_sqlite_errors(file_, "finding a stream", [&] {
        auto connection = lease();
        return one_stream(bound(connection->by_path, path));
    });
}

std::optional<StreamRow> IndexDb::find(Incarnation incarnation) {
    return with_sqlite_errors(file_, "finding a stream", [&] {
        auto connection = lease();
        return one_stream(bound(connection->by_incarnation, number(incarnation.value)));
    });
}

std::optional<ProducerState> IndexDb::find_producer(Incarnation incarnation, const std::string& id) {
    return with_sqlite_errors(file_, "finding a producer", [&] {
        auto connection = lease();
        auto& query = bound(connection->producer, number(incarnation.value), id);
        std::optional<ProducerState> producer;
        if (query.executeStep())
            producer = ProducerState{.epoch = number(query.getColumn(0)), .seq = number(query.getColumn(1))};
        query.reset();
        return producer;
    });
}

std::vector<Extent> IndexDb::extents_from(Incarnation incarnation, Offset from, std::size_t limit) {
    return with_sqlite_errors(file_, "reading extents", [&] {
        auto connection = lease();
        return extents_of(
            bound(connection->extents_from, number(incarnation.value), number(from.value), number(limit)));
    });
}

std::vector<Extent> IndexDb::extents_before(Incarnation incarnation, Offset before, std::size_t limit) {
    return with_sqlite_errors(file_, "reading extents", [&] {
        auto connection = lease();
        return extents_of(
            bound(connection->extents_before, number(incarnation.value), number(before.value), number(limit)));
    });
}

std::uint64_t IndexDb::stored_bytes(Incarnation incarnation) {
    return with_sqlite_errors(file_, "adding up extents", [&] {
        auto connection = lease();
        auto& query = bound(connection->stored_bytes, number(incarnation.value));
        const std::uint64_t bytes = query.executeStep() ? number(query.getColumn(0)) : 0;
        query.reset();
        return bytes;
    });
}

std::optional<Landmark> IndexDb::landmark(Position position) {
    return with_sqlite_errors(file_, "finding a position", [&] {
        auto connection = lease();
        auto& query = bound(connection->landmark, number(position.value));
        std::optional<Landmark> found;
        if (query.executeStep()) {
            found = Landmark{.position = {number(query.getColumn(0))},
                             .place = {.segment = number(query.getColumn(1)), .byte = number(query.getColumn(2))},
                             .generation = number(query.getColumn(3))};
        }
        query.reset();
        return found;
    });
}

std::vector<StreamRow> IndexDb::list(const std::string& prefix, const std::string& after, std::size_t limit) {
    return with_sqlite_errors(file_, "listing streams", [&] {
        auto connection = lease();
        // 0xFF is no byte of UTF-8, so it sorts after everything that goes on from the prefix.
        auto& query = bound(connection->list, after, prefix, number(limit), prefix + '\xff');
        std::vector<StreamRow> streams;
        while (query.executeStep()) streams.push_back(stream_of(query));
        query.reset();
        return streams;
    });
}

std::vector<std::string> IndexDb::paths(const std::string& after, std::size_t limit) {
    return with_sqlite_errors(file_, "listing paths", [&] {
        auto connection = lease();
        auto& query = bound(connection->paths, after, number(limit));
        std::vector<std::string> paths;
        while (query.executeStep()) paths.push_back(query.getColumn(0).getString());
        query.reset();
        return paths;
    });
}

std::vector<Incarnation> IndexDb::due(std::int64_t now_wall_ms, std::size_t limit) {
    return with_sqlite_errors(file_, "finding expired streams", [&] {
        auto connection = lease();
        auto& query = bound(connection->due, now_wall_ms, number(limit));
        std::vector<Incarnation> incarnations;
        while (query.executeStep()) incarnations.push_back({number(query.getColumn(0))});
        query.reset();
        return incarnations;
    });
}

std::vector<SegmentUse> IndexDb::segments() {
    return with_sqlite_errors(file_, "reading segments", [&] {
        const std::lock_guard lock(writer_mutex_);
        SQLite::Statement query(writer_->db,
                                "SELECT number, generation, bytes, dead_bytes FROM segments ORDER BY number");
        std::vector<SegmentUse> segments;
        while (query.executeStep()) {
            segments.push_back({number(query.getColumn(0)), number(query.getColumn(1)), number(query.getColumn(2)),
                                number(query.getColumn(3))});
        }
        return segments;
    });
}

std::uint64_t IndexDb::stream_count() {
    return with_sqlite_errors(file_, "counting streams", [&] {
        const std::lock_guard lock(writer_mutex_);
        return static_cast<std::uint64_t>(writer_->db.execAndGet("SELECT count(*) FROM streams").getInt64());
    });
}

std::optional<std::uint64_t> IndexDb::creation_of_deleted(Incarnation incarnation) {
    return with_sqlite_errors(file_, "finding a tombstone", [&] {
        auto connection = lease();
        auto& query = bound(connection->tombstone, number(incarnation.value));
        std::optional<std::uint64_t> found;
        if (query.executeStep()) found = number(query.getColumn(0));
        query.reset();
        return found;
    });
}

}  // namespace foldback::index
