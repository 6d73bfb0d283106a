#include "protocol/route.hpp"

namespace foldback::server::protocol {

namespace {

constexpr std::string_view feed_path = "/v1/feed";
constexpr std::string_view list_path = "/v1/streams";

bool is_reserved(std::string_view stream) { return stream.substr(0, stream.find('/')) == "__ds"; }

}  // namespace

bool Route::allows(Method method) const noexcept {
    switch (method) {
        case Method::get:
        case Method::options: return true;
        case Method::head: return kind != Kind::list;
        case Method::put:
        case Method::post:
        case Method::remove: return kind == Kind::stream;
        case Method::other: return false;
    }
    return false;
}

std::string_view Route::methods() const noexcept {
    switch (kind) {
        case Kind::stream: return "GET, HEAD, PUT, POST, DELETE, OPTIONS";
        case Kind::feed: return "GET, HEAD, OPTIONS";
        case Kind::list: return "GET, OPTIONS";
    }
    return {};
}

Parsed<Route> find_route(std::string_view path, std::string_view stream_prefix) {
    Route route;
    if (path == feed_path || path == list_path) {
        route.kind = path == feed_path ? Route::Kind::feed : Route::Kind::list;
        return route;
    }
    if (!path.starts_with(stream_prefix)) return Problem(404, "no-such-resource", "There is nothing at this path.");
    const auto stream = path.substr(stream_prefix.size());
    if (is_reserved(stream)) return Problem(404, "reserved", "Paths that begin with __ds are reserved.");
    if (const auto problem = StreamPath::problem_with(stream); !problem.empty()) {
        return bad_request("bad-path", "The stream's path is refused: " + problem + ".");
    }
    route.stream.emplace(stream);
    return route;
}

}  // namespace foldback::server::protocol
