#include "foldback/server/debugger.hpp"

#include <array>

#include "debugger/answers.hpp"
#include "debugger/expression.hpp"
#include "debugger/page.hpp"
#include "protocol/refusal_response.hpp"

namespace foldback::server {

using debugger::Context;
using debugger::Json;
using debugger::Parameters;
using debugger::RequestError;

namespace {

constexpr std::string_view root = "/debug";
constexpr std::string_view api = "/debug/api/";
constexpr std::string_view raw = "/debug/raw/";

struct Route {
    std::string_view name;
    Json (*answer)(Context&, const Parameters&);
};

constexpr std::array routes{Route{"about", debugger::answer_about},   Route{"streams", debugger::answer_streams},
                            Route{"events", debugger::answer_events}, Route{"outline", debugger::answer_outline},
                            Route{"search", debugger::answer_search}, Route{"links", debugger::answer_links},
                            Route{"state", debugger::answer_state},   Route{"diff", debugger::answer_diff},
                            Route{"blame", debugger::answer_blame},   Route{"invariants", debugger::answer_invariants},
                            Route{"series", debugger::answer_series}, Route{"find", debugger::answer_find},
                            Route{"trace", debugger::answer_trace},   Route{"shrink", debugger::answer_shrink},
                            Route{"states", debugger::answer_states}, Route{"marks", debugger::answer_marks}};

Response json_response(const Json& document) {
    Response response;
    response.set("content-type", "application/json");
    response.set("cache-control", "no-store");
    response.text = document.dump(-1, ' ', false, Json::error_handler_t::replace);
    return response;
}

/// A name that another site cannot make a browser resolve to this machine.
bool is_loopback_host(std::string_view host) {
    if (host.starts_with('[')) return host.substr(0, host.find(']') + 1) == "[::1]";
    const auto name = host.substr(0, host.find(':'));
    if (name == "localhost") return true;
    return name.starts_with("127.") && name.find_first_not_of("0123456789.") == std::string_view::npos;
}

bool is_from_loopback_page(const Request& request) {
    const auto* host = request.header("host");
    if (host != nullptr && (request.count("host") != 1 || !is_loopback_host(*host))) return false;
    const auto* site = request.header("sec-fetch-site");
    const auto* mode = request.header("sec-fetch-mode");
    // Following a link from another page is harmless; asking the API from there is not.
    return site == nullptr || *site == "same-origin" || *site == "none" || (mode != nullptr && *mode == "navigate");
}

Response method_refused(std::string_view allowed) {
    auto response =
        protocol::to_response(protocol::Problem(405, "method-not-allowed", "The method is not allowed here."));
    response.set("allow", std::string(allowed));
    return response;
}

bool is_json(const Request& request) {
    const auto* type = request.header("content-type");
    return type != nullptr && media_type_of(*type) == "application/json";
}

}  // namespace

struct Debugger::State {
    Context context;

    Response answer(const Request& request);
    Response answer_api(std::string_view name, const Request& request, const Parameters& parameters);
    Response internal(const std::string& what) const {
        if (context.options.on_error) context.options.on_error(what);
        return protocol::to_response(
            protocol::Problem(500, "internal", "The request failed. The program's log says why."));
    }
    Response guarded(const Request& request);
};

Response Debugger::State::answer_api(std::string_view name, const Request& request, const Parameters& parameters) {
    const bool reads = request.method == Method::get || request.method == Method::head;
    if (name == "whatif") {
        if (request.method != Method::post) return method_refused("POST");
        if (!is_json(request)) throw RequestError(415, "not-json", "The body must be application/json.");
        return json_response(debugger::answer_what_if(context, request.body));
    }
    if (!reads) return method_refused("GET, HEAD");
    if (name == "export") return debugger::answer_export(context, parameters);
    for (const auto& route : routes) {
        if (route.name == name) return json_response(route.answer(context, parameters));
    }
    throw RequestError(404, "not-found", "The debugger has no such question.");
}

Response Debugger::State::answer(const Request& request) {
    const auto target = protocol::parse_target(request.target);
    if (!target) return protocol::to_response(target.error());
    const bool allowed =
        context.options.authorise ? context.options.authorise(request) : is_from_loopback_page(request);
    if (!allowed) {
        throw RequestError(
            403, "not-authorised",
            context.options.authorise ? "You may not use the debugger." : "The debugger answers this machine only.");
    }
    const std::string_view path = target->path;
    const Parameters parameters(target->query);
    if (path.starts_with(api)) return answer_api(path.substr(api.size()), request, parameters);
    if (request.method != Method::get && request.method != Method::head) return method_refused("GET, HEAD");
    if (path.starts_with(raw)) return debugger::raw_page(context, std::string(path.substr(raw.size())), parameters);
    if (!debugger::is_of_page(path)) throw RequestError(404, "not-found", "The debugger has no such page.");
    return debugger::page_response(path, request);
}

Response Debugger::State::guarded(const Request& request) {
    const auto bad = [](std::string_view code, const char* what) {
        return protocol::to_response(protocol::Problem(400, code, what));
    };
    try {
        return answer(request);
    } catch (const RequestError& error) {
        return protocol::to_response(error.problem);
    } catch (const debugger::ExpressionError& error) {
        return bad("bad-expression", error.what());
    } catch (const RefusedError& error) {
        return protocol::to_response(error.refused);
    } catch (const MissingCapability&) {
        return protocol::to_response(Refused{.reason = Refusal::across_partitions});
    } catch (const std::out_of_range& error) {
        return bad("no-such-moment", error.what());
    } catch (const std::invalid_argument& error) {
        return bad("bad-request", error.what());
    } catch (const std::exception& error) {
        return internal(error.what());
    }
}

Debugger::Debugger(StreamStore& store, Registry registry, DebuggerOptions options)
    : state_(new State{.context = Context(store, std::move(registry), std::move(options))}) {}
Debugger::~Debugger() = default;

bool Debugger::owns(std::string_view target) noexcept {
    const auto path = target.substr(0, target.find('?'));
    return path == root || path.starts_with("/debug/");
}

Response Debugger::handle(const Request& request) {
    auto response = state_->guarded(request);
    if (response.status >= 400 && request.target.starts_with(raw)) response = debugger::raw_problem(response);
    debugger::finish_response(response, request);
    return response;
}

}  // namespace foldback::server
