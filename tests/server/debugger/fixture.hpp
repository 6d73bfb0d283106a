#pragma once

#include <memory>
#include <string>
#include <utility>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "foldback/server/debugger.hpp"
#include "foldback/store/log_store.hpp"
#include "unit/history/order.hpp"

/// A debugger over a store in memory with an order whose total is below zero for one event.
namespace foldback::server::debugger_test {

using Json = nlohmann::ordered_json;
using namespace history_test;

inline Registry orders() {
    Registry registry;
    registry.add<Order>(
        "orders", {.invariants = {{"total-not-negative", [](const OrderState& state) { return state.total >= 0; }}},
                   .identity = {{"/lines", "sku"}},
                   .redact = {"/customer", "/name"}});
    return registry;
}

class Debugged {
public:
    explicit Debugged(DebuggerOptions options = {.build = "test 1"})
        : store(LogStore::in_memory()), debugger(*store, orders(), std::move(options)) {
        append(*store, "orders/42", usual_history());
    }

    Response send(Method method, std::string target, std::string body = {},
                  std::vector<std::pair<std::string, std::string>> headers = {}) {
        Request request;
        request.method = method;
        request.target = std::move(target);
        request.headers = std::move(headers);
        if (method == Method::post) request.headers.emplace_back("content-type", "application/json");
        request.body = std::move(body);
        return debugger.handle(request);
    }
    Response get(const std::string& target) { return send(Method::get, target); }

    Json ask(const std::string& question) {
        const auto response = get("/debug/api/" + question);
        INFO(question, ": ", response.text);
        CHECK(response.status == 200);
        return Json::parse(response.text);
    }
    /// The code of the problem document.
    std::string refused(const std::string& question, unsigned status) {
        const auto response = get("/debug/api/" + question);
        INFO(question, ": ", response.text);
        CHECK(response.status == status);
        return Json::parse(response.text).value("code", "");
    }
    Json what_if(const Json& body) {
        const auto response = send(Method::post, "/debug/api/whatif", body.dump());
        INFO(response.text);
        CHECK(response.status == 200);
        return Json::parse(response.text);
    }

    std::unique_ptr<LogStore> store;
    Debugger debugger;
};

inline std::string header(const Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
        if (key == name) return value;
    }
    return {};
}

}  // namespace foldback::server::debugger_test
