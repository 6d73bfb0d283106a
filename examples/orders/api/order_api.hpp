#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/routes.hpp"
#include "api/workers.hpp"
#include "foldback/app/command_threads.hpp"
#include "foldback/server/request_handler.hpp"

namespace orders::api {

/// Where the service tells Prometheus of its projections.
inline constexpr const char* metrics_path = "/metrics";

/// Everything the service answers, on one port: /api/ is its own, /v1/ is the Durable Streams front of its store, the rest
/// are its pages. Sockets are none of its business.
class OrderApi final : public foldback::server::RequestHandler {
public:
    /// `shop` and `streams` must outlive it. A command's reads of the store hold its thread, so that a store elsewhere needs more
    /// of them than one in this process.
    OrderApi(Shop& shop, foldback::server::Api& streams, std::size_t query_threads, std::size_t command_threads);

    /// Commands and queries are answered on threads of its own, so that no connection waits for another's disk.
    [[nodiscard]] foldback::server::Reply handle(foldback::server::Request request) override;
    [[nodiscard]] std::optional<Response> refuse_early(Method method, std::string_view target,
                                                       std::uint64_t body_bytes) const override;

    /// The answer of /api/, on this thread.
    [[nodiscard]] Response answer(foldback::server::Request request) const;

    [[nodiscard]] const std::vector<Route>& routes() const noexcept { return routes_; }

private:
    [[nodiscard]] Response find_and_answer(Call& call, std::string_view path) const;

    Shop& shop_;
    foldback::server::Api& streams_;
    std::vector<Route> routes_;
    std::string openapi_;
    Workers workers_;
    foldback::CommandThreads commands_;
};

}  // namespace orders::api
