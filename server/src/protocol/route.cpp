#include "protocol/route.hpp"

#include <algorithm>

#include "protocol/reserved.hpp"

namespace foldback::server::protocol {

namespace {

constexpr std::string_view feed_path = "/v1/feed";
constexpr std::string_view list_path = "/v1/streams";
constexpr std::string_view append_path = "/v1/append";

std::string_view name_of(Method method) noexcept {
    switch (method) {
        case Method::get: return "GET";
        case Method::head: return "HEAD";
        case Method::post: return "POST";
        case Method::put: return "PUT";
        case Method::remove: return "DELETE";
        case Method::options: return "OPTIONS";
        case Method::other: break;
    }
    return "none";
}

}  // namespace

bool Route::allows(Method method) const noexcept { return methods.find(name_of(method)) != std::string_view::npos; }

Parsed<Route> find_route(std::string_view path, std::string_view stream_prefix, const ReservedApi* reserved) {
    const auto nothing_there = [] { return Problem(404, "no-such-resource", "There is nothing at this path."); };
    Route route;
    if (path == feed_path) {
        route.kind = Route::Kind::feed;
        route.methods = "GET, HEAD, OPTIONS";
        return route;
    }
    if (path == list_path) {
        route.kind = Route::Kind::list;
        route.methods = "GET, OPTIONS";
        return route;
    }
    if (path == append_path) {
        route.kind = Route::Kind::append;
        route.methods = "POST, OPTIONS";
        return route;
    }
    if (!path.starts_with(stream_prefix)) return nothing_there();
    const auto stream = path.substr(stream_prefix.size());
    if (is_reserved(stream)) {
        if (reserved == nullptr) return Problem(404, "reserved", "Paths that begin with __ds are reserved.");
        route.kind = Route::Kind::reserved;
        route.reserved = stream.substr(std::min(stream.size(), reserved_prefix.size()));
        route.methods = reserved->methods(route.reserved);
        if (route.methods.empty()) return nothing_there();
        return route;
    }
    auto named = StreamPath::parse(stream);
    if (!named) return bad_request("bad-path", "The stream's path is refused: " + named.error() + ".");
    route.stream = *std::move(named);
    route.methods = "GET, HEAD, PUT, POST, DELETE, OPTIONS";
    return route;
}

}  // namespace foldback::server::protocol
