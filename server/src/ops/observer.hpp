#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "foldback/server/request_handler.hpp"
#include "ops/request_metrics.hpp"

namespace foldback::server {

/// One answered request, for the log. Holds nothing of bodies, queries or credentials.
struct RequestRecord {
    std::string request_id;
    std::string trace_id;  ///< of a valid traceparent; may be empty
    std::string path;      ///< as it came, without the query
    std::string producer_id;
    RequestRoute route = RequestRoute::other;
    Method method = Method::other;
    unsigned status = 0;
    std::uint64_t bytes = 0;  ///< of the answer's body
    std::chrono::nanoseconds took{};
    bool is_live = false;  ///< a long-poll or event stream: it took long on purpose
};

struct ObserverOptions {
    std::string stream_prefix = "/v1/stream/";
    /// Whether a request with this status that took so long is wanted; asked for each, so it should be quick.
    std::function<bool(unsigned status, std::chrono::nanoseconds took, bool is_live)> wants;
    /// Told of those, on the thread that answers.
    std::function<void(const RequestRecord&)> tell;
};

/// Counts the requests of another handler, and tells of those that somebody wants to know. An answer with a status of
/// 500 and more gets the request's id as `x-request-id`. The metrics must outlive it and its answers.
[[nodiscard]] std::unique_ptr<RequestHandler> observed(std::unique_ptr<RequestHandler> handler, RequestMetrics& metrics,
                                                       ObserverOptions options);

}  // namespace foldback::server
