#include "protocol/authorise.hpp"

#include "protocol/header_values.hpp"
#include "protocol/reserved.hpp"

namespace foldback::server::protocol {

namespace {

bool may_post(const Request& request, const std::string& path) {
    if (request.header("stream-truncate-before") != nullptr) return may(request, Verb::remove, path);  // gives up data
    if (!is_closed_marker(request.header("stream-closed"))) return may(request, Verb::append, path);
    return may(request, Verb::close, path) && (request.body.empty() || may(request, Verb::append, path));
}

bool may_access(const Request& request, const std::string& path) {
    switch (request.method) {
        case Method::get:
        case Method::head: return may(request, Verb::read, path);
        case Method::put: return may(request, Verb::create, path);
        case Method::post: return may_post(request, path);
        case Method::remove: return may(request, Verb::remove, path);
        case Method::options: return true;
        case Method::other: break;
    }
    return false;
}

}  // namespace

Problem forbidden() { return {403, "forbidden", "These credentials do not allow this."}; }

std::optional<Problem> refuse_sender(const Service& service, const Request& request, const Route& route) {
    if (request.method == Method::options) return std::nullopt;
    if (route.kind == Route::Kind::reserved && service.reserved->is_open(route.reserved)) return std::nullopt;
    if (!request.principal) {
        if (!service.options.requires_principal) return std::nullopt;
        return Problem(401, "unauthorized", "This needs valid credentials.");
    }
    switch (route.kind) {
        case Route::Kind::feed:
        case Route::Kind::list:
        case Route::Kind::append: return std::nullopt;
        case Route::Kind::reserved:
            if (may(request, Verb::subscribe,
                    std::string(reserved_prefix).append(service.reserved->subject(route.reserved)))) {
                return std::nullopt;
            }
            return forbidden();
        case Route::Kind::stream: break;
    }
    if (may_access(request, route.stream->text())) return std::nullopt;
    return forbidden();
}

std::string scoped_producer(const Request& request, const std::string& id) {
    if (!request.principal) return id;
    return std::string(request.principal->id()) + "\n" + id;  // which no id that came in a header has
}

}  // namespace foldback::server::protocol
