#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "api/call.hpp"
#include "app/shop.hpp"
#include "foldback/server/http_message.hpp"

namespace orders::api {

using foldback::server::Method;
using foldback::server::Response;

/// A query parameter, for the description.
struct Parameter {
    std::string_view name;
    std::string_view type;  ///< of JSON schema: "string", "integer"
    std::string_view about;
};

/// One operation of the API: what it answers and how it is described, in one place.
struct Route {
    Method method;
    std::string_view pattern;  ///< "/api/orders/{id}/pay"
    std::string_view about;
    std::vector<Parameter> query{};
    std::string body_schema{};  ///< JSON schema; empty: no body. A body means a command, with an Idempotency-Key
    std::string answer_schema = "{}";
    /// Throws BadCall, and what the shop throws.
    std::function<Response(const Call&)> answer{};
};

/// Posts: what happens.
void add_command_routes(std::vector<Route>& routes, Shop& shop);
/// Gets: what is, from the read models.
void add_query_routes(std::vector<Route>& routes, Shop& shop);
/// Projections: status and rebuilds.
void add_projection_routes(std::vector<Route>& routes, Shop& shop);

/// The OpenAPI 3.1 description of the routes.
[[nodiscard]] std::string openapi_of(const std::vector<Route>& routes);

/// 200 with a JSON text.
[[nodiscard]] Response json_response(std::string text, unsigned status = 200);

/// Waits for a projection when the call has `at_least`. Throws BadCall 503 when that takes too long.
void wait_for_position(const Call& call, Shop& shop, const char* projection);

extern const Parameter at_least_parameter;

}  // namespace orders::api
