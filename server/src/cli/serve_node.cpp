#include "cli/serve_node.hpp"

#include "cli/failure.hpp"

#ifdef FOLDBACK_HAS_POSTGRES
#include "foldback/postgres/postgres_log.hpp"
#endif

namespace foldback::cli {

#ifdef FOLDBACK_HAS_POSTGRES

namespace {

/// Does what needs the database, and says what kept it from being done.
template <class Work>
auto with_database(Work work) {
    try {
        return work();
    } catch (const StoreLocked&) {
        throw;
    } catch (const StoreUnavailable& error) {
        throw Failure(ExitCode::unreachable, error.what(),
                      "The database of --log must be there when a node starts. A password comes from PGPASSFILE.");
    } catch (const StorageError& error) {
        throw Failure(ExitCode::refused, error.what(),
                      "--data must be a new directory, or one that this log was copied to before; --archive the one "
                      "that its segments were moved to.");
    }
}

}  // namespace

std::unique_ptr<LogStore> open_shared_store(const ServeSettings& settings, LogStoreOptions options, NodeEvents events,
                                            OpenReport& report) {
    return with_database([&] {
        auto log = open_postgres_log({.url = settings.log,
                                      .segment_bytes = options.segment_bytes,
                                      .keeper = settings.keeper,
                                      .on_keeper_lost = std::move(events.on_keeper_lost),
                                      .on_trouble = events.on_trouble});
        if (!settings.archive.empty()) {
            ArchiveReading reading{.on_trouble = events.on_trouble, .on_progress = options.on_progress};
            log = with_archive(std::move(log), settings.archive, std::move(reading));
        }
        return LogStore::open_shared(std::move(log), settings.data, std::move(options), &report);
    });
}

std::unique_ptr<Archiver> start_archiver(const ServeSettings& settings, NodeEvents events) {
    if (settings.archive.empty()) return nullptr;
    return with_database([&] {
        ArchiverOptions options{.segments_in_log = settings.segments_in_database,
                                .on_trouble = std::move(events.on_trouble)};
        return std::make_unique<Archiver>(
            open_postgres_segments({.url = settings.log, .segment_bytes = settings.store.segment_bytes}),
            settings.archive, std::move(options));
    });
}

#else

std::unique_ptr<LogStore> open_shared_store(const ServeSettings&, LogStoreOptions, NodeEvents, OpenReport&) {
    throw Failure(ExitCode::usage, "this program was built without PostgreSQL, and so knows no --log");
}

std::unique_ptr<Archiver> start_archiver(const ServeSettings&, NodeEvents) { return nullptr; }

#endif

std::string_view SubscriptionsElsewhere::methods(std::string_view) const {
    return "GET, HEAD, POST, PUT, DELETE, OPTIONS";
}

bool SubscriptionsElsewhere::is_open(std::string_view) const { return true; }

server::Reply SubscriptionsElsewhere::handle(server::Request, std::string_view) {
    return server::problem(503, "not-keeper", "Subscriptions are served by another node, the keeper of this log.");
}

}  // namespace foldback::cli
