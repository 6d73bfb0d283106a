#include <map>

#include "api/routes.hpp"
#include "foldback/core/codec.hpp"
#include "foldback/version.hpp"

namespace orders::api {
namespace {

std::string json_string(std::string_view text) { return foldback::to_json(std::string(text)); }

std::string method_name(Method method) {
    switch (method) {
        case Method::get: return "get";
        case Method::post: return "post";
        case Method::remove: return "delete";
        default: return "x-other";
    }
}

std::string parameter_json(std::string_view name, std::string_view place, bool required, std::string_view type,
                           std::string_view about) {
    return "{\"name\":" + json_string(name) + ",\"in\":" + json_string(place) +
           ",\"required\":" + (required ? "true" : "false") + ",\"description\":" + json_string(about) +
           ",\"schema\":{\"type\":" + json_string(type) + "}}";
}

std::string parameters_json(const Route& route) {
    std::string all;
    const auto add = [&](const std::string& one) { all += (all.empty() ? "" : ",") + one; };
    for (std::size_t open = route.pattern.find('{'); open != std::string_view::npos;) {
        const auto close = route.pattern.find('}', open);
        add(parameter_json(route.pattern.substr(open + 1, close - open - 1), "path", true, "string", ""));
        open = route.pattern.find('{', close);
    }
    for (const auto& one : route.query) add(parameter_json(one.name, "query", false, one.type, one.about));
    if (!route.body_schema.empty()) {
        add(parameter_json("Idempotency-Key", "header", true, "string",
                           "New for each command; given again with the same command it yields the first answer"));
        add(parameter_json("X-Actor", "header", false, "string", "Who wants it; goes into the audit trail"));
    }
    return all;
}

std::string answer_json(std::string_view about, std::string_view type, const std::string& schema) {
    return "{\"description\":" + json_string(about) + ",\"content\":{" + json_string(type) + ":{\"schema\":" + schema +
           "}}}";
}

std::string operation_json(const Route& route) {
    const std::string problem = R"({"$ref":"#/components/schemas/Problem"})";
    std::string json = "{\"summary\":" + json_string(route.about) + ",\"parameters\":[" + parameters_json(route) + "]";
    if (!route.body_schema.empty()) {
        json +=
            R"(,"requestBody":{"required":true,"content":{"application/json":{"schema":)" + route.body_schema + "}}}";
    }
    json += ",\"responses\":{\"2XX\":" + answer_json("Done", "application/json", route.answer_schema);
    const auto refusal = [&](const char* status, const char* about) {
        json += std::string(",\"") + status + "\":" + answer_json(about, "application/problem+json", problem);
    };
    refusal("400", "The request is wrong: `detail` says what and where");
    if (route.pattern.find('{') != std::string_view::npos) refusal("404", "There is no such thing");
    if (!route.body_schema.empty()) {
        refusal("409", "Others were faster, each time; nothing happened");
        refusal("422", "The rules forbid it: `code` says which");
    }
    refusal("503", "Busy, or the read model is behind `at_least`; see Retry-After");
    return json + "}}";
}

constexpr const char* problem_schema =
    R"({"type":"object","properties":{"type":{"type":"string"},"title":{"type":"string"},"status":{"type":"integer"},)"
    R"("detail":{"type":"string"},"code":{"type":"string"}}})";

}  // namespace

std::string openapi_of(const std::vector<Route>& routes) {
    std::map<std::string, std::string> paths;
    for (const auto& route : routes) {
        auto& operations = paths[std::string(route.pattern)];
        operations +=
            (operations.empty() ? "" : ",") + json_string(method_name(route.method)) + ":" + operation_json(route);
    }
    std::string json = R"({"openapi":"3.1.0","info":{"title":"Orders","description":"The example service of Foldback. )"
                       R"(Its streams are at /v1/, by the Durable Streams protocol.","version":)" +
                       json_string(foldback::version()) + "},\"paths\":{";
    bool first = true;
    for (const auto& [pattern, operations] : paths) {
        if (!std::exchange(first, false)) json += ',';
        json += json_string(pattern) + ":{" + operations + "}";
    }
    return json + R"(},"components":{"schemas":{"Problem":)" + problem_schema + "}}}";
}

}  // namespace orders::api
