#include "index/index_connection.hpp"

namespace foldback::index {
namespace {

std::int64_t number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

using GenerationOf = std::function<std::uint64_t(std::uint64_t segment)>;

/// One transaction's statements, prepared once per checkpoint and used for all of its rows.
class Saving {
public:
    Saving(SQLite::Database& db, const GenerationOf& generation_of)
        : generation_of_(generation_of),
          // What cannot change of a stream is not written again, and its place among the paths not looked up.
          put_stream_(db, std::string("INSERT INTO streams (") + stream_columns +
                              ", deadline_ms) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) "
                              "ON CONFLICT (incarnation) DO UPDATE SET tail = excluded.tail, first = excluded.first, "
                              "closed = excluded.closed, soft_deleted = excluded.soft_deleted, forks = excluded.forks, "
                              "closer_id = excluded.closer_id, closer_epoch = excluded.closer_epoch, "
                              "closer_seq = excluded.closer_seq, stream_seq = excluded.stream_seq, "
                              "producer_count = excluded.producer_count, last_access_ms = excluded.last_access_ms, "
                              "deadline_ms = excluded.deadline_ms"),
          put_producer_(db, "INSERT OR REPLACE INTO producers VALUES (?,?,?,?)"),
          put_extent_(db, "INSERT OR REPLACE INTO extents VALUES (?,?,?,?,?,?,?,?)"),
          last_extent_(db,
                       "SELECT first, end, segment, generation, bytes, entries, encoded FROM extents WHERE "
                       "incarnation = ? ORDER BY first DESC LIMIT 1"),
          add_use_(db,
                   "INSERT INTO segments VALUES (?1, ?2, ?3, ?4) ON CONFLICT (number) DO UPDATE SET "
                   "bytes = bytes + ?3, dead_bytes = dead_bytes + ?4"),
          bury_all_(db,
                    "UPDATE segments SET dead_bytes = dead_bytes + (SELECT coalesce(sum(bytes), 0) FROM extents "
                    "WHERE incarnation = ?1 AND segment = number) WHERE number IN (SELECT segment FROM extents "
                    "WHERE incarnation = ?1)"),
          bury_before_(db,
                       "UPDATE segments SET dead_bytes = dead_bytes + (SELECT coalesce(sum(bytes), 0) FROM extents "
                       "WHERE incarnation = ?1 AND end <= ?2 AND segment = number) WHERE number IN (SELECT segment "
                       "FROM extents WHERE incarnation = ?1 AND end <= ?2)"),
          delete_extents_(db, "DELETE FROM extents WHERE incarnation = ? AND end <= ?"),
          delete_producers_(db, "DELETE FROM producers WHERE incarnation = ?"),
          delete_stream_(db, "DELETE FROM streams WHERE incarnation = ?"),
          put_tombstone_(db, "INSERT OR REPLACE INTO tombstones VALUES (?, ?)"),
          put_landmark_(db, "INSERT OR REPLACE INTO landmarks VALUES (?, ?, ?, ?)") {}

    void put_stream(const StreamRow& row) {
        const auto& meta = *row.meta;
        put_stream_.bind(1, number(meta.incarnation.value));
        put_stream_.bindNoCopy(2, meta.path.text());
        put_stream_.bindNoCopy(3, meta.config.content_type);
        if (meta.config.ttl) put_stream_.bind(4, static_cast<std::int64_t>(meta.config.ttl->count()));
        if (meta.config.expires_at) put_stream_.bind(5, wall_ms(*meta.config.expires_at));
        put_stream_.bind(6, wall_ms(meta.created_at));
        put_stream_.bind(7, number(meta.created_in_segment));
        put_stream_.bind(8, number(row.tail.value));
        put_stream_.bind(9, number(row.first.value));
        put_stream_.bind(10, row.closed ? 1 : 0);
        put_stream_.bind(11, row.soft_deleted ? 1 : 0);
        put_stream_.bind(12, row.forks);
        if (row.closed_by) {
            put_stream_.bindNoCopy(13, row.closed_by->id);
            put_stream_.bind(14, number(row.closed_by->epoch));
            put_stream_.bind(15, number(row.closed_by->seq));
        }
        if (row.stream_seq) {
            put_stream_.bindNoCopy(16, static_cast<const void*>(row.stream_seq->data()),
                                   static_cast<int>(row.stream_seq->size()));
        }
        put_stream_.bind(17, row.producer_count);
        put_stream_.bind(18, row.last_access_wall_ms);
        put_stream_.bind(19, number(meta.source.value));
        if (meta.source_path) put_stream_.bindNoCopy(20, meta.source_path->text());
        put_stream_.bind(21, number(meta.fork_offset.value));
        put_stream_.bind(22, number(meta.requested_fork_point.incarnation.value));
        put_stream_.bind(23, number(meta.requested_fork_point.offset.value));
        put_stream_.bind(24, number(meta.requested_sub_offset));
        put_stream_.bind(25, meta.requested_tail ? 1 : 0);
        if (const auto deadline = deadline_of(row)) put_stream_.bind(26, *deadline);
        run(put_stream_);
    }

    void put_producers(const StreamRow& row) {
        for (const auto& [id, state] : row.unsaved_producers) {
            put_producer_.bind(1, number(row.meta->incarnation.value));
            put_producer_.bindNoCopy(2, id);
            put_producer_.bind(3, number(state.epoch));
            put_producer_.bind(4, number(state.seq));
            run(put_producer_);
        }
    }

    /// Adds a stream's new records, filling up its last row when that is of the same segment.
    void put_chunks(const StreamRow& row) {
        if (row.unsaved_chunks.empty()) return;
        // Of a stream that is new to the index there is no row to be looked for.
        auto chunks =
            row.was_in_index ? last_row(row.meta->incarnation, row.unsaved_chunks.front()) : std::vector<ChunkRef>();
        chunks.insert(chunks.end(), row.unsaved_chunks.begin(), row.unsaved_chunks.end());
        for (const auto& extent : pack(row.meta->incarnation, chunks, generation_of_)) put_extent(extent);
        count_use(row.unsaved_chunks, 0);
    }

    void put_extent(const Extent& extent) {
        put_extent_.bind(1, number(extent.incarnation.value));
        put_extent_.bind(2, number(extent.first.value));
        put_extent_.bind(3, number(extent.end.value));
        put_extent_.bind(4, number(extent.segment));
        put_extent_.bind(5, number(extent.generation));
        put_extent_.bind(6, number(extent.bytes));
        put_extent_.bind(7, extent.entries);
        put_extent_.bindNoCopy(8, static_cast<const void*>(extent.encoded.data()),
                               static_cast<int>(extent.encoded.size()));
        run(put_extent_);
    }

    /// Gives up the rows that lie wholly before the stream's first retained offset.
    void bury_truncated(const StreamRow& row) {
        write_uses();
        bury_before_.bind(1, number(row.meta->incarnation.value));
        bury_before_.bind(2, number(row.first.value));
        run(bury_before_);
        delete_extents_.bind(1, number(row.meta->incarnation.value));
        delete_extents_.bind(2, number(row.first.value));
        run(delete_extents_);
    }

    void remove(const Removal& removal) {
        const auto incarnation = number(removal.incarnation.value);
        write_uses();
        bury_all_.bind(1, incarnation);
        run(bury_all_);
        count_use(removal.unsaved_chunks, 1);
        delete_extents_.bind(1, incarnation);
        delete_extents_.bind(2, INT64_MAX);
        run(delete_extents_);
        delete_producers_.bind(1, incarnation);
        run(delete_producers_);
        delete_stream_.bind(1, incarnation);
        run(delete_stream_);
        put_tombstone(removal.incarnation, removal.created_in_segment);
    }

    void put_tombstone(Incarnation incarnation, std::uint64_t created_in_segment) {
        put_tombstone_.bind(1, number(incarnation.value));
        put_tombstone_.bind(2, number(created_in_segment));
        run(put_tombstone_);
    }

    /// Remembers what is to be added to a segment's row: see `write_uses`.
    void add_use(std::uint64_t segment, std::uint64_t bytes, std::uint64_t dead_bytes) {
        auto& use = uses_[segment];
        use.bytes += bytes;
        use.dead_bytes += dead_bytes;
    }

    /// Writes what was added, once for each segment and not for each stream. Before statements that change those rows, and at
    /// the end.
    void write_uses() {
        for (const auto& [segment, use] : uses_) {
            add_use_.bind(1, number(segment));
            add_use_.bind(2, number(generation_of_(segment)));
            add_use_.bind(3, number(use.bytes));
            add_use_.bind(4, number(use.dead_bytes));
            run(add_use_);
        }
        uses_.clear();
    }

    void put_landmark(const Landmark& landmark) {
        put_landmark_.bind(1, number(landmark.position.value));
        put_landmark_.bind(2, number(landmark.place.segment));
        put_landmark_.bind(3, number(landmark.place.byte));
        put_landmark_.bind(4, number(landmark.generation));
        run(put_landmark_);
    }

private:
    static std::int64_t wall_ms(Timestamp time) { return time.time_since_epoch().count(); }

    static void run(SQLite::Statement& statement) {
        statement.exec();
        statement.reset();
        statement.clearBindings();
    }

    static std::optional<std::int64_t> deadline_of(const StreamRow& row) {
        if (row.soft_deleted) return std::nullopt;
        if (row.meta->config.expires_at) return wall_ms(*row.meta->config.expires_at);
        if (row.meta->config.ttl) return row.idle_since_wall_ms + row.meta->config.ttl->count() * 1000;
        return std::nullopt;
    }

    void count_use(const std::vector<ChunkRef>& chunks, std::uint64_t dead) {
        for (const auto& chunk : chunks) add_use(chunk.segment, chunk.length, chunk.length * dead);
    }

    std::vector<ChunkRef> last_row(Incarnation incarnation, const ChunkRef& next) {
        last_extent_.bind(1, number(incarnation.value));
        std::vector<ChunkRef> chunks;
        if (last_extent_.executeStep()) {
            const Extent last{.incarnation = incarnation,
                              .first = {static_cast<std::uint64_t>(last_extent_.getColumn(0).getInt64())},
                              .end = {static_cast<std::uint64_t>(last_extent_.getColumn(1).getInt64())},
                              .segment = static_cast<std::uint64_t>(last_extent_.getColumn(2).getInt64()),
                              .generation = static_cast<std::uint64_t>(last_extent_.getColumn(3).getInt64()),
                              .bytes = static_cast<std::uint64_t>(last_extent_.getColumn(4).getInt64()),
                              .entries = static_cast<std::uint32_t>(last_extent_.getColumn(5).getInt64()),
                              .encoded = last_extent_.getColumn(6).getString()};
            const bool continues = last.segment == next.segment && last.end == next.first &&
                                   last.entries < Extent::max_entries &&
                                   last.generation == generation_of_(last.segment);
            if (continues) chunks = unpack(last);
        }
        last_extent_.reset();
        last_extent_.clearBindings();
        return chunks;
    }

    struct Use {
        std::uint64_t bytes = 0;
        std::uint64_t dead_bytes = 0;
    };

    const GenerationOf& generation_of_;
    std::unordered_map<std::uint64_t, Use> uses_;  ///< not written yet, by segment
    SQLite::Statement put_stream_, put_producer_, put_extent_, last_extent_, add_use_, bury_all_, bury_before_,
        delete_extents_, delete_producers_, delete_stream_, put_tombstone_, put_landmark_;
};

}  // namespace

void IndexDb::save(const Checkpoint& checkpoint, const std::function<std::uint64_t(std::uint64_t)>& generation_of) {
    with_sqlite_errors(file_, "saving a checkpoint", [&] {
        const std::lock_guard lock(writer_mutex_);
        SQLite::Transaction transaction(writer_->db);
        {
            Saving saving(writer_->db, generation_of);
            // Removals first: a path may have been given to a new stream since.
            for (const auto& removal : checkpoint.removed) saving.remove(removal);
            for (const auto& row : checkpoint.changed) {
                saving.put_stream(row);
                saving.put_producers(row);
                saving.put_chunks(row);
                if (row.first.value > 0 && row.forks == 0) saving.bury_truncated(row);
            }
            for (const auto& [segment, bytes] : checkpoint.orphan_bytes) saving.add_use(segment, bytes, bytes);
            saving.write_uses();
            for (const auto& landmark : checkpoint.landmarks) saving.put_landmark(landmark);
            SQLite::Statement head(writer_->db,
                                   "UPDATE head SET covered_segment = ?, covered_byte = ?, next_position = ?, "
                                   "next_incarnation = ?, covered_epoch = ?");
            head.bind(1, number(checkpoint.covered.segment));
            head.bind(2, number(checkpoint.covered.byte));
            head.bind(3, number(checkpoint.next_position.value));
            head.bind(4, number(checkpoint.next_incarnation.value));
            head.bind(5, number(checkpoint.covered_epoch));
            head.exec();
        }
        transaction.commit();
    });
}

void IndexDb::replace_segment(const RewrittenSegment& segment) {
    with_sqlite_errors(file_, "replacing a segment", [&] {
        const std::lock_guard lock(writer_mutex_);
        SQLite::Transaction transaction(writer_->db);
        const auto run = [&](const char* sql, auto... values) {
            SQLite::Statement statement(writer_->db, sql);
            int index = 0;
            (statement.bind(++index, number(values)), ...);
            statement.exec();
        };
        run("DELETE FROM extents WHERE segment = ?", segment.number);
        run("DELETE FROM landmarks WHERE segment = ?", segment.number);
        run("DELETE FROM tombstones WHERE created_in_segment = ?", segment.number);
        run("INSERT OR REPLACE INTO segments VALUES (?, ?, ?, 0)", segment.number, segment.generation, segment.bytes);
        {
            const GenerationOf generation_of = [&](std::uint64_t) { return segment.generation; };
            Saving saving(writer_->db, generation_of);
            for (const auto& [incarnation, chunks] : segment.chunks) {
                for (const auto& extent : pack(incarnation, chunks, generation_of)) saving.put_extent(extent);
            }
            for (auto landmark : segment.landmarks) {
                landmark.generation = segment.generation;
                saving.put_landmark(landmark);
            }
            for (const auto incarnation : segment.dead_creations) saving.put_tombstone(incarnation, segment.number);
        }
        transaction.commit();
    });
}

}  // namespace foldback::index
