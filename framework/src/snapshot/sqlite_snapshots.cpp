#include <sqlite3.h>

#include <atomic>
#include <bit>

#include "foldback/app/snapshot_store.hpp"
#include "snapshot/saved_snapshot.hpp"

namespace foldback {
namespace {

constexpr const char* schema = R"sql(
    CREATE TABLE IF NOT EXISTS foldback_snapshots (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        stream TEXT NOT NULL, incarnation INTEGER NOT NULL, fingerprint INTEGER NOT NULL, offset INTEGER NOT NULL,
        taken_at_ms INTEGER NOT NULL, checksum INTEGER NOT NULL, state BLOB NOT NULL);
    CREATE UNIQUE INDEX IF NOT EXISTS foldback_snapshots_by_key
        ON foldback_snapshots (stream, incarnation, fingerprint, offset);
)sql";

/// SQLite's integers have a sign; fingerprints use all 64 bits.
std::int64_t stored(std::uint64_t number) { return std::bit_cast<std::int64_t>(number); }
/// Offsets must also sort; no stream has more messages than this.
std::int64_t clamped(Offset offset) {
    return static_cast<std::int64_t>(std::min<std::uint64_t>(offset.value, INT64_MAX));
}

bool is_damage(const DatabaseError& error) {
    return (error.code & 0xFF) == SQLITE_CORRUPT || (error.code & 0xFF) == SQLITE_NOTADB;
}

std::shared_ptr<Database> prepared(std::shared_ptr<Database> database) {
    database->write([](ReadModel& model) { model.script(schema); });
    return database;
}

void remove_files(const std::filesystem::path& file) {
    for (const char* suffix : {"", "-wal", "-shm"}) {
        std::error_code ignored;
        std::filesystem::remove(file.string() + suffix, ignored);
    }
}

}  // namespace

struct SqliteSnapshots::Impl {
    SnapshotOptions options;
    std::shared_ptr<Database> database;
    std::atomic<std::uint64_t> saved{0}, pruned{0}, hits{0}, misses{0}, foreign{0}, corrupt{0};

    struct Found {
        std::int64_t id = 0;
        std::optional<Snapshot> snapshot;
    };

    /// The best row of a key; its snapshot is absent when it is damaged.
    std::optional<Found> best(const SnapshotKey& key, Offset at_most) const {
        std::optional<Found> found;
        database->read([&](ReadModel& model) {
            model.query(
                "SELECT id, offset, taken_at_ms, checksum, state FROM foldback_snapshots "
                "WHERE stream = ? AND incarnation = ? AND fingerprint = ? AND offset <= ? ORDER BY offset DESC LIMIT 1",
                {key.stream.text(), stored(key.incarnation.value), stored(key.fingerprint), clamped(at_most)},
                [&](const Row& row) {
                    Snapshot snapshot{.offset = {static_cast<std::uint64_t>(row.integer(1))},
                                      .taken_at = Timestamp{std::chrono::milliseconds{row.integer(2)}},
                                      .state = std::string(row.blob(4))};
                    found.emplace(Found{row.integer(0), std::nullopt});
                    if (row.integer(3) == snapshot::checksum_of(key, snapshot)) found->snapshot = std::move(snapshot);
                });
        });
        return found;
    }

    /// Whether the stream has snapshots of another incarnation or of other code.
    [[nodiscard]] bool has_others(const SnapshotKey& key) const {
        bool there = false;
        database->read([&](ReadModel& model) {
            there = model
                        .value<int>(
                            "SELECT 1 FROM foldback_snapshots WHERE stream = ? AND (incarnation <> ? OR fingerprint <> "
                            "?) LIMIT 1",
                            {key.stream.text(), stored(key.incarnation.value), stored(key.fingerprint)})
                        .has_value();
        });
        return there;
    }

    void remove(std::int64_t id) const {
        database->write([&](ReadModel& model) { model.execute("DELETE FROM foldback_snapshots WHERE id = ?", {id}); });
    }

    std::size_t remove_all(const char* where, std::initializer_list<SqlValue> values) const {
        std::size_t count = 0;
        database->write([&](ReadModel& model) {
            count = model.execute(std::string("DELETE FROM foldback_snapshots ") + where, values);
        });
        return count;
    }
};

SqliteSnapshots::SqliteSnapshots(const std::filesystem::path& file, SnapshotOptions options)
    : impl_(std::make_unique<Impl>()) {
    impl_->options = snapshot::checked(options);
    try {
        impl_->database = prepared(Database::open(file));
    } catch (const DatabaseError& error) {
        if (!is_damage(error)) throw;
        remove_files(file);
        ++impl_->corrupt;
        impl_->database = prepared(Database::open(file));
    }
}

SqliteSnapshots::SqliteSnapshots(std::shared_ptr<Database> database, SnapshotOptions options)
    : impl_(std::make_unique<Impl>()) {
    impl_->options = snapshot::checked(options);
    impl_->database = prepared(std::move(database));
}

SqliteSnapshots::~SqliteSnapshots() = default;

std::optional<Snapshot> SqliteSnapshots::load(const SnapshotKey& key, Offset at_most) {
    try {
        while (auto found = impl_->best(key, at_most)) {
            if (found->snapshot) {
                ++impl_->hits;
                return std::move(found->snapshot);
            }
            ++impl_->corrupt;
            impl_->remove(found->id);
        }
        if (impl_->has_others(key)) ++impl_->foreign;
    } catch (const DatabaseError&) {
        // A cache that cannot be read is an empty one.
        ++impl_->corrupt;
    }
    ++impl_->misses;
    return std::nullopt;
}

void SqliteSnapshots::save(const SnapshotKey& key, const Snapshot& snapshot) {
    snapshot::check(snapshot, impl_->options);
    std::uint64_t pruned = 0;
    bool kept = false;
    impl_->database->write([&](ReadModel& model) {
        const auto& stream = key.stream.text();
        const auto incarnation = stored(key.incarnation.value);
        const auto newer_life = model.value<int>(
            "SELECT 1 FROM foldback_snapshots WHERE stream = ? AND incarnation > ? LIMIT 1", {stream, incarnation});
        if (newer_life) return;  // of a stream that is no more
        model.execute(
            "INSERT OR REPLACE INTO foldback_snapshots (stream, incarnation, fingerprint, offset, taken_at_ms, "
            "checksum, "
            "state) VALUES (?, ?, ?, ?, ?, ?, ?)",
            {stream, incarnation, stored(key.fingerprint), clamped(snapshot.offset),
             snapshot.taken_at.time_since_epoch().count(), snapshot::checksum_of(key, snapshot), Blob{snapshot.state}});
        pruned = model.execute(
            "DELETE FROM foldback_snapshots WHERE stream = ?1 AND (incarnation < ?2 OR id NOT IN "
            "(SELECT id FROM foldback_snapshots WHERE stream = ?1 ORDER BY id DESC LIMIT ?3))",
            {stream, incarnation, impl_->options.keep_per_stream});
        kept = true;
    });
    if (kept) ++impl_->saved;
    impl_->pruned += pruned;
}

std::size_t SqliteSnapshots::forget(const StreamPath& stream) {
    return impl_->remove_all("WHERE stream = ?", {stream.text()});
}

std::size_t SqliteSnapshots::clear() { return impl_->remove_all("WHERE true", {}); }

std::vector<SnapshotInfo> SqliteSnapshots::list(const StreamPath& stream) {
    std::vector<SnapshotInfo> infos;
    impl_->database->read([&](ReadModel& model) {
        model.query(
            "SELECT incarnation, fingerprint, offset, taken_at_ms, length(state) FROM foldback_snapshots "
            "WHERE stream = ? ORDER BY id DESC",
            {stream.text()}, [&](const Row& row) {
                infos.push_back({.key = {.stream = stream,
                                         .incarnation = {static_cast<std::uint64_t>(row.integer(0))},
                                         .fingerprint = static_cast<std::uint64_t>(row.integer(1))},
                                 .offset = {static_cast<std::uint64_t>(row.integer(2))},
                                 .taken_at = Timestamp{std::chrono::milliseconds{row.integer(3)}},
                                 .state_bytes = row.get<std::size_t>(4)});
            });
    });
    return infos;
}

SnapshotCounters SqliteSnapshots::counters() const {
    return {.saved = impl_->saved,
            .pruned = impl_->pruned,
            .hits = impl_->hits,
            .misses = impl_->misses,
            .foreign = impl_->foreign,
            .corrupt = impl_->corrupt};
}

}  // namespace foldback
