#include <unordered_map>

#include "store/engine.hpp"

namespace foldback {
namespace {

/// Only what the index covers is ever rewritten. An older copy of it may miss deletions that the log no longer tells.
StorageError older_than_rewriting(std::uint64_t segment) {
    return StorageError("index.db is older than a rewriting of segment " + std::to_string(segment));
}

/// Where a commit begins that the index covers, close before the place up to which it does; segment 0 when it knows none there.
log::Place covered_commit(index::IndexDb& index, const index::IndexDb::Head& head) {
    if (head.next_position.value == 0) return {};
    const auto landmark = index.landmark({head.next_position.value - 1});
    const bool is_there = landmark && landmark->place.segment == head.covered.segment && landmark->generation == 0;
    return is_there ? landmark->place : log::Place{};
}

}  // namespace

void LogStore::Engine::open(const std::filesystem::path& index_file, OpenReport& report) {
    try {
        open_with_index(index_file, report);
        return;
    } catch (const DamagedLog&) {
        throw;
    } catch (const log::ForeignDirectory&) {
        throw;
    } catch (const log::DeviceFailed&) {
        throw;
    } catch (const StorageError& error) {
        if (index_file.empty()) throw;
        report = OpenReport{.index_rebuilt = true, .index_rebuilt_because = error.what()};
    }
    close_log();
    index::IndexDb::discard(index_file);
    open_with_index(index_file, report);
}

void LogStore::Engine::close_log() noexcept {
    log_.reset();
    catalog_.reset();
    index_.reset();
}

void LogStore::Engine::open_copy(const std::filesystem::path& index_file, OpenReport& report) {
    try {
        open(index_file, report);
        check_copy();
        return;
    } catch (const DamagedLog& damage) {
        report = OpenReport{.copy_discarded_because = damage.what()};
    }
    close_log();
    index::IndexDb::discard(index_file);
    log::discard_copy(*device_);
    open(index_file, report);
}

void LogStore::Engine::check_copy() const {
    const auto last = log_->last_commit();
    const bool is_empty = last.place.segment == 0 && log_->tail().segment == 1;
    if (is_empty || (last.place.segment > 0 && shared_->holds(last))) return;
    throw DamagedLog("the shared log does not hold what this copy of it ends with", log_->tail().segment,
                     log_->tail().byte);
}

void LogStore::Engine::open_with_index(const std::filesystem::path& index_file, OpenReport& report) {
    const bool missing = !std::filesystem::exists(index_file);
    index_ = std::make_unique<index::IndexDb>(index_file);
    catalog_ = std::make_unique<index::Catalog>(*index_, *options_.clock,
                                                shared_ ? index::Sharing::among_nodes : index::Sharing::alone);
    const auto head = index_->head();
    catalog_->start_at(head);
    catalog_->set_stream_count(index_->stream_count());
    // All of a small store; of a large one the rest is learned in the background.
    (void)catalog_->learn_paths();

    // Folding more than memory should hold goes to the index on the way, when a segment ends: the log's last commits are
    // not known to be durable before it is open, and the index must never hold what the log may still lose.
    std::unordered_map<std::uint64_t, std::uint64_t> generations;
    std::uint64_t epoch = 0;  // of the segment that was folded last
    const auto fold = [&](const log::CommitView& commit) {
        if (head.covered.segment > 0 && commit.generation > 0) throw older_than_rewriting(commit.place.segment);
        const std::unique_lock lock(catalog_->mutex());
        const bool begins_segment = generations.try_emplace(commit.place.segment, commit.generation).second;
        const bool holds_much =
            catalog_->unsaved_bytes() >= options_.checkpoint_bytes || catalog_->unsaved_items() >= 65'536;
        if (begins_segment && holds_much) {
            auto checkpoint = catalog_->begin_checkpoint();
            checkpoint.covered_epoch = epoch;
            index_->save(checkpoint, [&](std::uint64_t segment) { return generations.at(segment); });
            (void)catalog_->end_checkpoint(checkpoint);
            (void)catalog_->evict(options_.max_resident_streams, 2 * catalog_->turns());
        }
        catalog_->apply(commit);
        epoch = commit.header.epoch;
    };
    log::Recovery recovery;
    log::Log::Options log_options{.segment_bytes = options_.segment_bytes, .on_progress = options_.on_progress};
    if (shared_) {
        log_options.copy_of = shared_->origin();  // hardly ever flushed: the index may cover what is not on the disk
    } else {
        log_options.known_commit = covered_commit(*index_, head);
    }
    log_ = log::Log::open(device_, std::move(log_options), head.covered, fold, recovery);
    std::unique_lock lock(catalog_->mutex());
    catalog_->raise_next_incarnation(recovery.next_incarnation);
    if (catalog_->next_position() > recovery.next_position) {
        throw StorageError("the index is ahead of the log");
    }
    if (head.covered.segment > 0) {
        check_not_rewritten_from(head.covered.segment);
        if (log_->segment(head.covered.segment)->header().epoch != head.covered_epoch) {
            throw StorageError("the index is of another log");
        }
    }
    lock.unlock();
    reindex_rewritten();
    read_from_ = recovery.read_from;
    report.segments = recovery.segments;
    report.scanned_bytes += recovery.scanned_bytes;
    report.torn_bytes = std::max(report.torn_bytes, recovery.torn_bytes);
    const bool was_empty = head.covered.segment == 0 && recovery.next_position.value > 0;
    if (was_empty && !index_file.empty() && !report.index_rebuilt) {
        report.index_rebuilt = true;
        report.index_rebuilt_because = missing ? "index.db was missing" : "index.db was empty";
    }
}

void LogStore::Engine::check_not_rewritten_from(std::uint64_t segment) const {
    for (const auto& part : log_->segments()) {
        if (part->header().number >= segment && part->header().generation > 0) {
            throw older_than_rewriting(part->header().number);
        }
    }
}

void LogStore::Engine::reindex_rewritten() {
    Rewriter rewriter(*catalog_, *index_, *log_);
    const auto covered = index_->head().covered;
    std::unordered_map<std::uint64_t, std::uint64_t> known;
    for (const auto& use : index_->segments()) known[use.number] = use.generation;
    for (const auto& segment : log_->segments()) {
        const auto& header = segment->header();
        if (header.number >= covered.segment || header.generation == known[header.number]) continue;
        rewriter.reindex(*segment);
        const std::unique_lock lock(catalog_->mutex());
        catalog_->forget_records_in(header.number);
    }
}

}  // namespace foldback
