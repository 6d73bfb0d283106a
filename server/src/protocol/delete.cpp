#include <utility>

#include "protocol/operations.hpp"
#include "protocol/refusal_response.hpp"

namespace foldback::server::protocol {

Reply remove(const Service& service, const Request& request, StreamPath stream) {
    if (RequestHeaders(request).has(Header::if_match)) {
        return to_response(bad_request("unsupported-precondition", "If-Match is for POST only."));
    }
    if (service.is_held(stream)) return to_response(held_problem());
    auto start = [&service, stream = std::move(stream)](Respond respond) {
        auto done = [service = service.shared_from_this(),
                     respond = std::move(respond)](Result<std::monostate> removed) {
            respond(service->finished(guarded(*service, [&] {
                if (!removed) return to_response(removed.error());
                Response response;
                response.status = 204;
                response.set("cache-control", "no-store");
                return response;
            })));
        };
        service.store.remove(stream, std::move(done));
    };
    return Pending{std::move(start)};
}

}  // namespace foldback::server::protocol
