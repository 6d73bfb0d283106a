#include "ops/store_metrics.hpp"

namespace foldback::server {

void write_store_metrics(MetricsText& text, MeasuredStore& store) {
    const auto stats = store.stats();
    text.counter("foldback_append_events_total", "Messages committed.");
    text.sample({}, stats.appended_messages);
    text.counter("foldback_commits_total", "Commits: each is one flush of the disk.");
    text.sample({}, stats.commits);
    text.counter("foldback_commit_bytes_total", "Bytes of commits, framing included.");
    text.sample({}, stats.committed_bytes);
    text.histogram("foldback_commit_batch_events", "Messages of each commit.");
    text.samples({}, stats.commit_messages, 1);
    text.histogram("foldback_fsync_duration_seconds", "Time to write and flush a commit.");
    text.samples({}, stats.flush_us, 1e-6);
    text.gauge("foldback_streams", "Streams that exist.");
    text.sample({}, stats.streams);
    text.gauge("foldback_resident_streams", "Of those, held in memory.");
    text.sample({}, stats.resident_streams);
    text.gauge("foldback_store_bytes", "Bytes of the log; dead ones are of deleted data and come back.");
    text.sample({{"kind", "log"}}, stats.log_bytes);
    text.sample({{"kind", "dead"}}, stats.dead_bytes);
    text.gauge("foldback_store_segments", "Segments of the log: each is an open file.");
    text.sample({}, stats.segments);
    text.counter("foldback_store_reclaimed_bytes_total", "Bytes given back by rewriting segments.");
    text.sample({}, stats.reclaimed_bytes);
    text.gauge("foldback_store_broken", "1 when a flush failed and the store accepts no more writes.");
    text.sample({}, std::uint64_t{stats.broken});
}

}  // namespace foldback::server
