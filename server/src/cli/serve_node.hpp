#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

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

/// Opens the store of a node. Throws Failure, StorageError.
[[nodiscard]] std::unique_ptr<LogStore> open_shared_store(const ServeSettings& settings, LogStoreOptions options,
                                                          NodeEvents events, OpenReport& report);

/// Keeps the node's archive, if it has one; else null. Throws Failure.
[[nodiscard]] std::unique_ptr<Archiver> start_archiver(const ServeSettings& settings, NodeEvents events);

/// Answers for the subscriptions on nodes that are not the keeper.
class SubscriptionsElsewhere final : public server::ReservedApi {
public:
    [[nodiscard]] std::string_view methods(std::string_view path) const override;
    [[nodiscard]] bool is_open(std::string_view path) const override;
    [[nodiscard]] server::Reply handle(server::Request request, std::string_view path) override;
};

}  // namespace foldback::cli
