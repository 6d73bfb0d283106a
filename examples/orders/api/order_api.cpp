#include "api/order_api.hpp"

#include <algorithm>
#include <utility>

#include "api/pages.hpp"
#include "foldback/server/api.hpp"
#include "foldback/server/projection_metrics.hpp"
#include "foldback/store/errors.hpp"

namespace orders::api {
namespace {

using foldback::server::problem;
using foldback::server::Reply;
using foldback::server::Request;

constexpr std::uint64_t largest_body = 256 << 10;
constexpr std::size_t most_queued = 4'096;

bool is_below(std::string_view path, std::string_view folder) { return path.starts_with(folder); }

/// Whether a path has this pattern; the decoded values of its `{…}` in `values`.
bool matches(std::string_view pattern, std::string_view path, std::vector<std::string>& values) {
    values.clear();
    while (!pattern.empty() && !path.empty()) {
        const auto wanted = pattern.substr(0, pattern.find('/', 1));
        const auto given = path.substr(0, path.find('/', 1));
        if (wanted.starts_with("/{")) {
            if (given.size() < 2) return false;
            values.push_back(percent_decoded(given.substr(1), false));
        } else if (wanted != given) {
            return false;
        }
        pattern.remove_prefix(wanted.size());
        path.remove_prefix(given.size());
    }
    return pattern.empty() && path.empty();
}

std::string_view name_of(Method method) {
    switch (method) {
        case Method::get: return "GET, HEAD";
        case Method::post: return "POST";
        case Method::remove: return "DELETE";
        default: return "";
    }
}

/// What the shop is told, by which it waits for nothing but the disk of the store.
bool is_command(const Request& request) {
    return request.method == Method::post && !is_below(request.target, "/api/projections/");
}

Response busy(std::string_view detail) {
    auto response = problem(503, "busy", detail);
    response.set("retry-after", "1");
    return response;
}

}  // namespace

Response json_response(std::string text, unsigned status) {
    Response response;
    response.status = status;
    response.set("content-type", "application/json");
    response.set("cache-control", "no-store");
    response.text = std::move(text);
    return response;
}

OrderApi::OrderApi(Shop& shop, foldback::server::Api& streams, std::size_t query_threads, std::size_t command_threads)
    : shop_(shop),
      streams_(streams),
      workers_(query_threads, most_queued),
      commands_({.threads = command_threads, .max_queued = most_queued}) {
    add_command_routes(routes_, shop);
    add_query_routes(routes_, shop);
    add_projection_routes(routes_, shop);
    routes_.push_back({.method = Method::get,
                       .pattern = "/api/openapi.json",
                       .about = "This description",
                       .answer = [this](const Call&) { return json_response(openapi_); }});
    routes_.push_back({.method = Method::get,
                       .pattern = metrics_path,
                       .about = "The projections' lag and failures, for Prometheus",
                       .answer = [&shop](const Call&) {
                           Response response;
                           response.set("content-type", foldback::server::projection_metrics_type);
                           response.set("cache-control", "no-store");
                           response.text = foldback::server::projection_metrics(shop.projections().statuses());
                           return response;
                       }});
    openapi_ = openapi_of(routes_);
}

Reply OrderApi::handle(Request request) {
    const auto path = split_target(request.target).path;
    if (is_below(path, "/v1/")) return streams_.handle(std::move(request));
    if (!is_below(path, "/api/") && path != metrics_path)
        return page_of(request.method, path, request.header("if-none-match"));
    auto shared = std::make_shared<Request>(std::move(request));
    return foldback::server::Pending{[this, shared](foldback::server::Respond respond) {
        auto work = [this, shared, respond] { respond(answer(std::move(*shared))); };
        const bool taken = is_command(*shared) ? commands_.post(std::move(work)) : workers_.post(std::move(work));
        if (!taken) respond(busy("too many requests wait; ask again"));
    }};
}

std::optional<Response> OrderApi::refuse_early(Method method, std::string_view target, std::uint64_t body_bytes) const {
    if (is_below(target, "/v1/")) return streams_.refuse_early(method, target, body_bytes);
    if (body_bytes <= largest_body) return std::nullopt;
    return problem(413, "too-large", "a command has at most " + std::to_string(largest_body) + " bytes");
}

/// One of the two places that catch: what broke becomes an answer, and nothing goes on to the sockets.
Response OrderApi::answer(Request request) const {
    const auto method = request.method;
    Response response;
    try {
        Call call{.request = std::move(request), .query = {}, .path = {}};
        if (call.request.body.size() > largest_body) throw BadCall(413, "too-large", "the body is too large");
        const auto target = split_target(call.request.target);
        call.query = parse_query(target.query);
        response = find_and_answer(call, target.path);
    } catch (const BadCall& bad) {
        response = problem(bad.status, bad.code, bad.what());
        if (bad.status == 503) response.set("retry-after", "1");
    } catch (const CommandIdReused& reused) {
        response = problem(422, "idempotency-key-reused", reused.what());
    } catch (const foldback::RefusedError& refused) {
        response = busy(refused.what());
    } catch (const foldback::OutcomeUnknown& unknown) {
        response = problem(504, "outcome-unknown", "ask again with the same Idempotency-Key");
        if (shop_.options().on_error) shop_.options().on_error(unknown.what());
    } catch (const foldback::StoreUnavailable& unavailable) {
        response = busy("the store does not answer; ask again");
        if (shop_.options().on_error) shop_.options().on_error(unavailable.what());
    } catch (const std::exception& broken) {
        if (shop_.options().on_error) shop_.options().on_error(broken.what());
        response = problem(500, "internal", "something broke here; it is in the log");
    }
    if (method == Method::head) {
        response.text.clear();
        response.pieces.clear();
    }
    return response;
}

Response OrderApi::find_and_answer(Call& call, std::string_view path) const {
    const auto method = call.request.method == Method::head ? Method::get : call.request.method;
    std::string allowed;
    for (const auto& route : routes_) {
        if (!matches(route.pattern, path, call.path)) continue;
        if (route.method == method) return route.answer(call);
        allowed += (allowed.empty() ? "" : ", ") + std::string(name_of(route.method));
    }
    if (allowed.empty()) return problem(404, "not-found", "there is nothing here; /api/openapi.json lists what is");
    auto response = problem(405, "method", "this is for " + allowed);
    response.set("allow", allowed);
    return response;
}

}  // namespace orders::api
