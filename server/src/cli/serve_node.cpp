#include "cli/serve_node.hpp"

#include "cli/failure.hpp"

#ifdef FOLDBACK_HAS_POSTGRES
#include "foldback/postgres/postgres_log.hpp"
#endif

namespace foldback::cli {

#ifdef FOLDBACK_HAS_POSTGRES

std::unique_ptr<LogStore> open_shared_store(const ServeSettings& settings, LogStoreOptions options, NodeEvents events,
                                            OpenReport& report) {
    try {
        auto log = open_postgres_log({.url = settings.log,
                                      .segment_bytes = options.segment_bytes,
                                      .keeper = settings.keeper,
                                      .on_keeper_lost = std::move(events.on_keeper_lost),
                                      .on_trouble = std::move(events.on_trouble)});
        return LogStore::open_shared(std::move(log), settings.data, std::move(options), &report);
    } catch (const StoreLocked&) {
        throw;
    } catch (const StoreUnavailable& error) {
        throw Failure(ExitCode::unreachable, error.what(),
                      "The database of --log must be there when a node starts. A password comes from PGPASSFILE.");
    } catch (const StorageError& error) {
        throw Failure(ExitCode::refused, error.what(),
                      "--data must be a new directory, or one that this log was copied to before.");
    }
}

#else

std::unique_ptr<LogStore> open_shared_store(const ServeSettings&, LogStoreOptions, NodeEvents, OpenReport&) {
    throw Failure(ExitCode::usage, "this program was built without PostgreSQL, and so knows no --log");
}

#endif

std::string_view SubscriptionsElsewhere::methods(std::string_view) const {
    return "GET, HEAD, POST, PUT, DELETE, OPTIONS";
}

bool SubscriptionsElsewhere::is_open(std::string_view) const { return true; }

server::Reply SubscriptionsElsewhere::handle(server::Request, std::string_view) {
    return server::problem(503, "not-keeper", "Subscriptions are served by another node, the keeper of this log.");
}

}  // namespace foldback::cli
