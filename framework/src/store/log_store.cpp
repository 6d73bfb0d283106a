#include "foldback/store/log_store.hpp"

#include "log/device.hpp"
#include "log/verify.hpp"
#include "store/engine.hpp"
#include "store/queued.hpp"

namespace foldback {

LogStore::LogStore(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}
LogStore::~LogStore() = default;

std::unique_ptr<LogStore> LogStore::over(std::shared_ptr<LogDevice> device, LogStoreOptions options,
                                         const std::filesystem::path& index_file, OpenReport* report) {
    OpenReport unread;
    auto engine =
        std::make_unique<Engine>(std::move(device), std::move(options), index_file, report ? *report : unread);
    return std::unique_ptr<LogStore>(new LogStore(std::move(engine)));
}

std::unique_ptr<LogStore> LogStore::open(const std::filesystem::path& directory, LogStoreOptions options,
                                         OpenReport* report) {
    try {
        auto device = make_file_device(directory);
        return over(std::move(device), std::move(options), directory / "index.db", report);
    } catch (const DeviceError& error) {
        throw StorageError(error.what());
    }
}

std::unique_ptr<LogStore> LogStore::over_shared(std::shared_ptr<SharedLog> shared, std::shared_ptr<LogDevice> copy,
                                                LogStoreOptions options, const std::filesystem::path& index_file,
                                                OpenReport* report) {
    OpenReport unread;
    auto engine = std::make_unique<Engine>(std::move(copy), std::move(options), index_file, report ? *report : unread,
                                           std::move(shared));
    return std::unique_ptr<LogStore>(new LogStore(std::move(engine)));
}

std::unique_ptr<LogStore> LogStore::open_shared(std::shared_ptr<SharedLog> shared,
                                                const std::filesystem::path& directory, LogStoreOptions options,
                                                OpenReport* report) {
    try {
        return over_shared(std::move(shared), make_file_device(directory), std::move(options), directory / "index.db",
                           report);
    } catch (const DeviceError& error) {
        throw StorageError(error.what());
    }
}

std::unique_ptr<LogStore> LogStore::in_memory(LogStoreOptions options) {
    return over(make_memory_device(), std::move(options));
}

void LogStore::create(CreateRequest request, Completion<Created> done) {
    engine_->writer().submit(queued<Created>(std::move(request), std::move(done)));
}

void LogStore::append(AppendRequest request, Completion<Appended> done) {
    engine_->writer().submit(queued<Appended>(std::move(request), std::move(done)));
}

void LogStore::append_all(std::vector<AppendRequest> requests, Completion<std::vector<Appended>> done) {
    engine_->writer().submit(queued<std::vector<Appended>>(std::move(requests), std::move(done)));
}

void LogStore::remove(StreamPath stream, Completion<std::monostate> done) {
    engine_->writer().submit(queued<std::monostate>(RemoveRequest{std::move(stream)}, std::move(done)));
}

void LogStore::truncate_before(StreamPath stream, Offset offset, Completion<Offset> done) {
    engine_->writer().submit(queued<Offset>(TruncateRequest{std::move(stream), offset}, std::move(done)));
}

namespace {

/// Reads, and once more when what was found may lack what other nodes had acknowledged before.
template <class Read, class ReachesTail>
auto read_latest(auto& engine, bool wanted, Read read, ReachesTail reaches_tail) {
    if (!wanted || !engine.shares_log()) return read();
    const auto seen = engine.folded_to();
    auto found = read();
    if (!reaches_tail(found)) return found;
    engine.fold_news();
    return engine.folded_to() == seen ? found : read();
}

Result<ReadPage> read_page(auto& engine, const ReadRequest& request) {
    return read_latest(
        engine, request.latest, [&] { return engine.reader().read(request); },
        [&](const Result<ReadPage>& page) {
            return !page || page->up_to_date || request.direction == Direction::backward;
        });
}

}  // namespace

Result<ReadPage> LogStore::read(const ReadRequest& request) {
    auto page = read_page(*engine_, request);
    const bool renews = page && request.renews_ttl;
    const bool tells_end = !page && (request.latest || request.renews_ttl);
    if (!engine_->shares_log() || (!renews && !tells_end)) return page;
    const auto settled = engine_->settle(request.stream, renews ? Renewals::Use::read : Renewals::Use::look);
    if (!settled) return settled.error();
    return *settled ? read_page(*engine_, request) : std::move(page);
}

FeedPage LogStore::read_feed(const FeedRequest& request) {
    return read_latest(
        *engine_, request.latest, [&] { return engine_->feed().read(request); },
        [](const FeedPage& page) { return page.up_to_date; });
}

Result<StreamInfo> LogStore::head(const StreamPath& stream) {
    engine_->fold_news();
    auto info = engine_->reader().head(stream);
    if (info || !engine_->shares_log()) return info;
    const auto settled = engine_->settle(stream, Renewals::Use::look);
    if (!settled) return settled.error();
    return *settled ? engine_->reader().head(stream) : std::move(info);
}

StreamList LogStore::list(const ListRequest& request) {
    engine_->fold_news();
    return engine_->reader().list(request);
}

Position LogStore::tail() { return engine_->tail(); }

Watch LogStore::watch(const StreamPath& stream, Offset beyond, std::function<void()> changed) {
    return engine_->watch(stream, beyond, std::move(changed));
}

Watch LogStore::keep_alive(const StreamPath& stream) { return engine_->reader().keep_alive(stream); }

Watch LogStore::watch_feed(Position beyond, std::function<void()> changed) {
    return engine_->watch_feed(beyond, std::move(changed));
}

std::uint64_t LogStore::stored_bytes(const StreamPath& stream) { return engine_->reader().stored_bytes(stream); }

StoreStats LogStore::stats() { return engine_->stats(); }

void LogStore::run_until_idle() {
    bool worked = true;
    while (worked) {
        worked = false;
        for (const auto work : {Work::commit, Work::expire, Work::checkpoint, Work::rewrite}) {
            worked = engine_->run_one(work) || worked;
        }
    }
}

bool LogStore::run_one(Work work) { return engine_->run_one(work); }
void LogStore::make_progress() { engine_->make_progress(); }

VerifyReport verify_store(const std::filesystem::path& directory,
                          const std::function<void(const Progress&)>& on_progress) {
    if (!std::filesystem::is_directory(directory)) throw StorageError(directory.string() + " is not a directory");
    try {
        return log::verify(*make_file_device(directory), on_progress);
    } catch (const DeviceError& error) {
        throw StorageError(error.what());
    }
}

SalvageReport salvage_store(const std::filesystem::path& directory) {
    if (!std::filesystem::is_directory(directory)) throw StorageError(directory.string() + " is not a directory");
    try {
        const auto device = make_file_device(directory);
        const auto lock = device->try_lock();
        if (!lock) throw StoreLocked(directory.string() + " is in use by another process");
        // The index goes first: one that says more than the salvaged log must not survive a crash in between.
        if (!log::verify(*device, {}).sound()) index::IndexDb::discard(directory / "index.db");
        return log::salvage(*device);
    } catch (const DeviceError& error) {
        throw StorageError(error.what());
    }
}

}  // namespace foldback
