#include "store/engine.hpp"

#include <chrono>

#include "foldback/store/read_mode.hpp"
#include "store/zero_fill.hpp"

namespace foldback {
namespace {

constexpr std::chrono::milliseconds maintenance_interval{500};
constexpr std::chrono::milliseconds renewal_interval{100};
/// How much is written between two turns of the thread that prepares the next segment.
constexpr std::uint64_t filler_step_bytes = 1 << 20;

}  // namespace

LogStore::Engine::Engine(std::shared_ptr<LogDevice> device, LogStoreOptions options,
                         const std::filesystem::path& index_file, OpenReport& report, std::shared_ptr<SharedLog> shared)
    : options_(std::move(options)), device_(std::move(device)), lock_(device_->try_lock()), shared_(std::move(shared)) {
    if (!lock_) throw StoreLocked(device_->describe("") + " is in use by another process");
    if (shared_) {
        open_copy(index_file, report);
    } else {
        open(index_file, report);
    }
    writer_ = std::make_unique<Writer>(*catalog_, *log_, watchers_, options_);
    reader_ = std::make_unique<Reader>(*catalog_, *index_, *log_);
    feed_ = std::make_unique<FeedReader>(*catalog_, *index_, *log_);
    maintenance_ = std::make_unique<Maintenance>(*catalog_, *index_, *log_, *writer_, options_);
    if (report.index_rebuilt) save_rebuilt_index();
    if (shared_) join_others(shared_);
    if (options_.background_threads) start_threads();
}

/// So that it need not be rebuilt again if this process dies soon.
void LogStore::Engine::save_rebuilt_index() {
    try {
        maintenance_->checkpoint();
    } catch (const StorageError& error) {
        report_trouble(error.what());
    }
}

void LogStore::Engine::join_others(std::shared_ptr<SharedLog> shared) {
    fills_ahead_ = false;  // a copy is hardly ever flushed
    renewals_ = std::make_unique<Renewals>(*catalog_, *writer_, *shared, options_);
    writer_->share(std::move(shared));
    writer_->on_commit = [this] {
        if (maintenance_->checkpoint_is_due()) maintenance_->checkpoint();
    };
    (void)writer_->catch_up();
    writer_->on_commit = [] {};
}

void LogStore::Engine::start_threads() {
    maintenance_->pace = [this](std::uint64_t bytes) { return pace(bytes); };
    writer_->on_commit = [this, last = log::Place{}, zero_fill = ZeroFill(), written = std::uint64_t{0}]() mutable {
        const auto tail = log_->tail();
        const bool step =
            tail.segment != last.segment || tail.byte / filler_step_bytes != last.byte / filler_step_bytes;
        last = tail;
        zero_fill.after_commit(tail.segment, writer_->committed_bytes() - written);
        written = writer_->committed_bytes();
        fills_ahead_ = !shared_ && zero_fill.pays();
        const bool due = maintenance_->checkpoint_is_due();
        if (!step && !due) return;
        {
            const std::lock_guard lock(wake_mutex_);
            filler_is_due_ = filler_is_due_ || step;
            work_is_due_ = work_is_due_ || due;
        }
        wake_.notify_all();
    };
    writer_thread_ = std::thread([this] { run_writer(); });
    maintenance_thread_ = std::thread([this] { run_maintenance(); });
    if (shared_) {
        renewal_thread_ = std::thread([this] { run_renewals(); });
        shared_->follow([this] { writer_->look(); });
    } else {
        filler_thread_ = std::thread([this] { run_filler(); });
    }
}

LogStore::Engine::~Engine() {
    if (shared_) shared_->unfollow();
    {
        const std::lock_guard lock(wake_mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    if (renewal_thread_.joinable()) renewal_thread_.join();
    if (renewals_) renew_all();
    writer_->stop();
    for (auto* thread : {&writer_thread_, &maintenance_thread_, &filler_thread_}) {
        if (thread->joinable()) thread->join();
    }
    try {
        if (!writer_->broken()) maintenance_->checkpoint();
    } catch (const std::exception&) {
        // The index is derived: the next opening folds what it lacks.
    }
}

void LogStore::Engine::run_writer() {
    while (writer_->wait()) writer_->commit_some();
}

void LogStore::Engine::run_filler() {
    std::unique_lock lock(wake_mutex_);
    while (!stopping_) {
        wake_.wait(lock, [this] { return stopping_ || filler_is_due_; });
        filler_is_due_ = false;
        lock.unlock();
        while (fills_ahead_ && !writer_->broken() && log_->prepare_next_segment()) {
            const std::lock_guard look(wake_mutex_);
            if (stopping_) break;
        }
        lock.lock();
    }
}

void LogStore::Engine::run_renewals() {
    std::unique_lock lock(wake_mutex_);
    while (!wake_.wait_for(lock, renewal_interval, [this] { return stopping_; })) {
        lock.unlock();
        try {
            (void)renewals_->publish_due();
        } catch (const std::exception& error) {
            report_trouble(error.what());
        }
        lock.lock();
    }
}

void LogStore::Engine::renew_all() noexcept try {
    if (!writer_->broken()) renewals_->publish_all();
} catch (const std::exception&) {
    // As after a crash: other nodes know of no later use than the log tells.
}

void LogStore::Engine::run_maintenance() {
    // At once, because opening may have folded more than a checkpoint's worth: a store whose processes all die young shall
    // not take longer to open each time.
    maintain();
    check_unread();
    std::unique_lock lock(wake_mutex_);
    while (!stopping_) {
        wake_.wait_for(lock, maintenance_interval, [this] { return stopping_ || work_is_due_; });
        if (stopping_) return;
        work_is_due_ = false;
        lock.unlock();
        maintain();
        lock.lock();
    }
}

void LogStore::Engine::maintain() try {
    const std::lock_guard one_at_a_time(maintenance_mutex_);
    maintenance_->expire();
    if (maintenance_->checkpoint_is_due()) maintenance_->checkpoint();
    maintenance_->forget_unused();
    learn_paths();
    maintenance_->rewrite();
} catch (const std::exception& error) {
    report_trouble(error.what());
}

bool LogStore::Engine::is_stopping() {
    const std::lock_guard lock(wake_mutex_);
    return stopping_;
}

void LogStore::Engine::check_unread() try {
    log_->scan({.segment = read_from_.segment, .byte = log::segment_header_bytes}, read_from_,
               [this](const log::CommitView&) { return !is_stopping(); });
} catch (const std::exception& error) {
    report_trouble(error.what());
}

void LogStore::Engine::learn_paths() {
    while (catalog_->learn_paths() && !is_stopping()) {
    }
}

void LogStore::Engine::report_trouble(const std::string& what) {
    if (options_.on_trouble) options_.on_trouble(what);
}

bool LogStore::Engine::pace(std::uint64_t bytes) {
    const std::chrono::duration<double> due(static_cast<double>(bytes) /
                                            static_cast<double>(options_.rewrite_bytes_per_second));
    std::unique_lock lock(wake_mutex_);
    wake_.wait_for(lock, due, [this] { return stopping_; });
    return !stopping_;
}

void LogStore::Engine::fold_news() {
    if (!shared_ || writer_->broken()) return;
    if (!options_.background_threads) {
        if (!shared_->reachable()) return catalog_->hold_idling();
        (void)writer_->catch_up();
        return;
    }
    if (ReadMode::current() == ReadMode::memory_only) throw NotInMemory();
    writer_->wait_for_news();
}

Result<bool> LogStore::Engine::settle(const StreamPath& stream, Renewals::Use use) {
    if (!renewals_) return false;
    if (writer_->broken()) return use == Renewals::Use::look;
    return renewals_->settle(stream, use);
}

log::Place LogStore::Engine::folded_to() const {
    const std::shared_lock lock(catalog_->mutex());
    return catalog_->folded_to();
}

Watch LogStore::Engine::watch(const StreamPath& stream, Offset beyond, std::function<void()> changed) {
    auto registered = watchers_.add(stream.text(), beyond, std::move(changed));
    const auto info = reader_->head(stream);
    const bool already = !info || info->closed || info->tail.offset > beyond;
    if (already) watchers_.fire(stream.text(), registered.id);
    return std::move(registered.watch);
}

Watch LogStore::Engine::watch_feed(Position beyond, std::function<void()> changed) {
    auto registered = watchers_.add_feed(beyond, std::move(changed));
    if (tail() > beyond) watchers_.fire_feed(registered.id);
    return std::move(registered.watch);
}

Position LogStore::Engine::tail() const {
    const std::shared_lock lock(catalog_->mutex());
    return catalog_->next_position();
}

StoreStats LogStore::Engine::stats() {
    StoreStats stats{.watchers = watchers_.count(),
                     .commits = writer_->commits(),
                     .committed_bytes = writer_->committed_bytes(),
                     .appended_messages = writer_->messages(),
                     .segments_rewritten = maintenance_->segments_rewritten(),
                     .reclaimed_bytes = maintenance_->reclaimed_bytes(),
                     .broken = writer_->broken(),
                     .commit_messages = writer_->commit_messages(),
                     .flush_us = writer_->flush_us()};
    for (const auto& use : index_->segments()) stats.dead_bytes += use.dead_bytes;
    for (const auto& segment : log_->segments()) {
        ++stats.segments;
        stats.log_bytes += segment->header().capacity;
    }
    const std::shared_lock lock(catalog_->mutex());
    stats.streams = catalog_->stream_count();
    stats.resident_streams = catalog_->resident_streams();
    stats.tail = catalog_->next_position();
    return stats;
}

bool LogStore::Engine::run_one(Work work) {
    if (work == Work::commit) return !options_.background_threads && writer_->commit_some();
    const std::lock_guard one_at_a_time(maintenance_mutex_);
    switch (work) {
        case Work::commit: break;
        case Work::expire: {
            const bool renewed = renewals_ && renewals_->publish_due() > 0;
            return maintenance_->expire() > 0 || renewed;
        }
        case Work::checkpoint: return maintenance_->checkpoint() || maintenance_->forget_unused();
        case Work::rewrite: return maintenance_->rewrite();
    }
    return false;
}

void LogStore::Engine::make_progress() {
    if (options_.background_threads) return;
    while (writer_->commit_some()) {
    }
}

}  // namespace foldback
