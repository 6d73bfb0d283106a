#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/serve_settings.hpp"
#include "foldback/server/api.hpp"
#include "foldback/store/archive.hpp"
#include "foldback/store/log_store.hpp"

/// A server that is a node: one of those that share a log in a database.
namespace foldback::cli {

struct NodeEvents {
    std::function<void(const std::string&)> on_trouble;
    std::function<void(const std::string&)> on_keeper_lost;
};

/// A store over the database's log, or over its logs, and who keeps their archives.
struct Node {
    std::unique_ptr<MeasuredStore> store;
    std::vector<StreamStore*> logs;  ///< of the store, when they are several
    std::vector<std::unique_ptr<Archiver>> archivers;
};

/// Throws Failure, StorageError.
[[nodiscard]] Node open_node(const ServeSettings& settings, const LogStoreOptions& options, const NodeEvents& events,
                             OpenReport& report);

/// Answers for the subscriptions on nodes that do not serve them.
class SubscriptionsElsewhere final : public server::ReservedApi {
public:
    [[nodiscard]] std::string_view methods(std::string_view path) const override;
    [[nodiscard]] bool is_open(std::string_view path) const override;
    [[nodiscard]] server::Reply handle(server::Request request, std::string_view path) override;
};

}  // namespace foldback::cli
