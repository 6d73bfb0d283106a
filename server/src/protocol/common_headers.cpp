#include "protocol/common_headers.hpp"

#include <algorithm>

namespace foldback::server::protocol {

namespace {

constexpr std::string_view exposed_headers =
    "ETag, Location, Retry-After, Preference-Applied, Stream-Next-Offset, Stream-First-Offset, Stream-Cursor, "
    "Stream-Up-To-Date, Stream-Closed, Stream-TTL, Stream-Expires-At, Stream-SSE-Data-Encoding, Producer-Epoch, "
    "Producer-Seq, "
    "Producer-Expected-Seq, Producer-Received-Seq";

constexpr std::string_view accepted_headers =
    "Accept, Authorization, Cache-Control, Content-Type, If-Match, If-None-Match, Last-Event-ID, Prefer, "
    "Stream-TTL, Stream-Expires-At, Stream-Seq, Stream-Closed, Stream-Forked-From, Stream-Fork-Offset, "
    "Stream-Fork-Sub-Offset, Stream-Truncate-Before, Producer-Id, Producer-Epoch, Producer-Seq";

constexpr std::string_view no_sniffing = "x-content-type-options";
constexpr std::string_view resource_policy = "cross-origin-resource-policy";

}  // namespace

void add_security_headers(Response& response) { response.set(no_sniffing, "nosniff"); }

void add_common_headers(Response& response, const std::string& cors_origin) {
    const auto is_there = [](const auto& header) { return header.first == no_sniffing; };
    if (std::any_of(response.headers.begin(), response.headers.end(), is_there)) return;
    add_security_headers(response);
    if (cors_origin.empty()) {
        response.set(resource_policy, "same-origin");
    } else {
        allow_origin(response, cors_origin);
    }
}

void allow_origin(Response& response, const std::string& origin) {
    std::erase_if(response.headers, [](const auto& header) { return header.first == resource_policy; });
    response.set(resource_policy, "cross-origin");
    response.set("access-control-allow-origin", origin);
    response.set("access-control-expose-headers", std::string(exposed_headers));
}

void allow_preflight(Response& response) {
    const auto is_allow = [](const auto& header) { return header.first == "allow"; };
    const auto allow = std::find_if(response.headers.begin(), response.headers.end(), is_allow);
    if (allow == response.headers.end()) return;
    auto methods = allow->second;
    response.set("access-control-allow-methods", std::move(methods));
    response.set("access-control-allow-headers", std::string(accepted_headers));
    response.set("access-control-max-age", "86400");
}

Response preflight(std::string_view methods, const std::string& cors_origin) {
    Response response;
    response.status = 204;
    response.set("allow", std::string(methods));
    response.set("cache-control", "no-store");
    if (!cors_origin.empty()) allow_preflight(response);
    return response;
}

}  // namespace foldback::server::protocol
