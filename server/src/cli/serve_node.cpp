#include "cli/serve_node.hpp"

#include <filesystem>

#include "cli/failure.hpp"

#ifdef FOLDBACK_HAS_POSTGRES
#include "cli/serve_archive.hpp"
#include "foldback/postgres/postgres_log.hpp"
#include "foldback/store/partitioned_store.hpp"
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
                      "The database of --log must be there when a node starts, and the archive when only that has what "
                      "the node lacks. A password comes from PGPASSFILE.");
    } catch (const StorageError& error) {
        throw Failure(ExitCode::refused, error.what(),
                      "--data must be a new directory, or one that this log was copied to before; --archive the place "
                      "that its segments were moved to.");
    }
}

/// One log of the store.
struct Part {
    std::string partition;  ///< how its copy and its archive are named; empty: it is the only one
    std::string schema;
    std::filesystem::path data;
    bool says_who_keeps = true;  ///< the keeper of this log is that of all
};

std::vector<Part> parts_of(const ServeSettings& settings) {
    if (settings.partitions == 1) return {{.partition = {}, .schema = {}, .data = settings.data}};
    const std::filesystem::path data(settings.data);
    if (std::filesystem::exists(data / "FORMAT"))
        throw StorageError(settings.data + " holds one log, and not several partitions");
    std::vector<Part> parts;
    for (auto& schema : open_postgres_partitions({.url = settings.log}, settings.partitions)) {
        const auto name = "partition-" + std::to_string(parts.size() + 1);
        parts.push_back(
            {.partition = name, .schema = std::move(schema), .data = data / name, .says_who_keeps = parts.empty()});
    }
    std::filesystem::create_directories(data);
    return parts;
}

std::shared_ptr<SharedLog> with_archive_of(std::shared_ptr<SharedLog> log, const Archives& archives, const Part& part,
                                           ArchiveReading reading) {
    if (!archives.exist()) return log;
    try {
        return with_archive(std::move(log), archives.place(part.partition, part.data), std::move(reading));
    } catch (const StorageError& error) {
        throw Failure(ExitCode::refused, error.what(), archives.remedy());
    }
}

std::unique_ptr<LogStore> open_part(const ServeSettings& settings, const Archives& archives, const Part& part,
                                    const LogStoreOptions& options, const NodeEvents& events, OpenReport& report) {
    auto log = open_postgres_log({.url = settings.log,
                                  .schema = part.schema,
                                  .segment_bytes = options.segment_bytes,
                                  .keeper = part.says_who_keeps && settings.keeper,
                                  .on_keeper_lost = events.on_keeper_lost,
                                  .on_trouble = events.on_trouble});
    log = with_archive_of(std::move(log), archives, part,
                          {.on_trouble = events.on_trouble, .on_progress = options.on_progress});
    return LogStore::open_shared(std::move(log), part.data, options, &report);
}

std::unique_ptr<Archiver> start_archiver(const ServeSettings& settings, const Archives& archives, const Part& part,
                                         const NodeEvents& events) {
    ArchiverOptions options{.segments_in_log = settings.segments_in_database, .on_trouble = events.on_trouble};
    auto segments = open_postgres_segments(
        {.url = settings.log, .schema = part.schema, .segment_bytes = settings.store.segment_bytes});
    return std::make_unique<Archiver>(std::move(segments), archives.place(part.partition, part.data),
                                      std::move(options));
}

void add(OpenReport& sum, const OpenReport& part) {
    sum.segments += part.segments;
    sum.scanned_bytes += part.scanned_bytes;
    sum.torn_bytes += part.torn_bytes;
    if (sum.copy_discarded_because.empty()) sum.copy_discarded_because = part.copy_discarded_because;
    if (sum.index_rebuilt || !part.index_rebuilt) return;
    sum.index_rebuilt = true;
    sum.index_rebuilt_because = part.index_rebuilt_because;
}

}  // namespace

Node open_node(const ServeSettings& settings, const LogStoreOptions& options, const NodeEvents& events,
               OpenReport& report) {
    return with_database([&] {
        Node node;
        const Archives archives(settings, process_environment());
        std::vector<std::unique_ptr<MeasuredStore>> stores;
        for (const auto& part : parts_of(settings)) {
            OpenReport found;
            stores.push_back(open_part(settings, archives, part, options, events, found));
            add(report, found);
            if (archives.exist()) node.archivers.push_back(start_archiver(settings, archives, part, events));
        }
        if (stores.size() == 1) {
            node.store = std::move(stores.front());
        } else {
            auto store = std::make_unique<PartitionedStore>(std::move(stores));
            node.logs = store->logs();
            node.store = std::move(store);
        }
        return node;
    });
}

#else

Node open_node(const ServeSettings&, const LogStoreOptions&, const NodeEvents&, OpenReport&) {
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
