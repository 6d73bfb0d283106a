#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "foldback/server/api.hpp"
#include "foldback/server/principal.hpp"
#include "foldback/server/quotas.hpp"
#include "protocol/common_headers.hpp"
#include "protocol/waiters.hpp"

namespace foldback::server::protocol {

class ReadPool;

struct Service;

/// Lets a Service hand itself to whoever shares it, and be made by naming its members all the same: the standard's base has a
/// constructor that forbids that.
struct SharedService : std::enable_shared_from_this<Service> {
    SharedService() = default;
};

/// What all operations share. Lives as long as the Api and every reply that it gave; whoever calls back from the store, which
/// may outlive both, shares it.
struct Service : SharedService {
    StreamStore& store;
    const ApiOptions options;
    const Clock& clock;
    ReservedApi* const reserved;  ///< null: there is none
    std::shared_ptr<Waiters> waiters;
    std::function<void(const std::string&)> report;
    std::unique_ptr<ReadPool> reads;  ///< last: its tasks use the rest

    [[nodiscard]] bool is_held(const StreamPath& stream) const {
        return options.is_held && options.is_held(stream.text());
    }
    /// Takes streams and bytes for the sender of a request; false when they are beyond his quota.
    [[nodiscard]] bool take(const Request& request, std::uint64_t streams, std::uint64_t bytes) const {
        const bool is_free = options.quotas == nullptr || !request.principal || (streams == 0 && bytes == 0);
        return is_free || options.quotas->take(*request.principal, streams, bytes);
    }
    [[nodiscard]] bool has_room(Growth growth) const { return !options.has_room || options.has_room(growth); }

    /// The response with the headers that every response has.
    [[nodiscard]] Response finished(Response response) const {
        add_common_headers(response, options.cors_origin);
        return response;
    }
};

/// Runs `answer`; what breaks in it becomes a 500 without internals, and a report with them.
template <class Answer>
[[nodiscard]] Response guarded(const Service& service, Answer&& answer);

[[nodiscard]] Response internal_error(const Service& service, const char* what);

template <class Answer>
Response guarded(const Service& service, Answer&& answer) {
    try {
        return std::forward<Answer>(answer)();
    } catch (const std::exception& error) {
        return internal_error(service, error.what());
    }
}

}  // namespace foldback::server::protocol
