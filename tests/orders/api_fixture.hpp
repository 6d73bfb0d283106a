#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "api/order_api.hpp"
#include "foldback/server/api.hpp"
#include "foldback/store/log_store.hpp"

namespace orders::tests {

using foldback::server::Method;
using foldback::server::Response;
using nlohmann::json;

/// An answer, taken apart.
struct Answered {
    unsigned status = 0;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string text;

    explicit Answered(Response response)
        : status(response.status), headers(std::move(response.headers)), text(std::move(response.text)) {}

    [[nodiscard]] json body() const { return json::parse(text); }
    [[nodiscard]] std::string code() const { return body().value("code", "(none)"); }
    [[nodiscard]] std::string header(const std::string& name) const {
        for (const auto& [key, value] : headers) {
            if (key == name) return value;
        }
        return "(none)";
    }
};

/// The service on a store in memory, without threads of projections and without sockets; the time is moved by hand.
struct ApiFixture {
    foldback::ManualClock clock;
    std::unique_ptr<foldback::LogStore> store = foldback::LogStore::in_memory({.clock = &clock});
    std::shared_ptr<foldback::Database> database = foldback::Database::in_memory();
    std::vector<std::string> errors;
    Shop shop{
        *store, database, {.clock = &clock, .background_threads = false, .on_error = [this](const std::string& what) {
                               errors.push_back(what);
                           }}};
    foldback::server::Api streams{*store, {}, clock};
    api::OrderApi api{shop, streams, 1, 1};
    int keys = 0;

    Answered call(Method method, std::string target, std::vector<std::pair<std::string, std::string>> headers = {},
                  std::string body = {}) const {
        return Answered(api.answer(
            {.method = method, .target = std::move(target), .headers = std::move(headers), .body = std::move(body)}));
    }
    [[nodiscard]] Answered get(std::string target) const { return call(Method::get, std::move(target)); }
    Answered post(std::string target, const std::string& key, const std::string& body) const {
        return call(Method::post, std::move(target),
                    {{"idempotency-key", key}, {"content-type", "application/json"}, {"x-actor", "tester"}}, body);
    }
    /// With a key of its own.
    Answered post(std::string target, const std::string& body) {
        return post(std::move(target), "key-" + std::to_string(++keys), body);
    }

    void receive(const std::string& sku, int pieces) {
        REQUIRE(post("/api/stock/" + sku + "/receive", R"({"quantity":)" + std::to_string(pieces) + "}").status == 200);
    }
    Answered place(const std::string& id, const std::string& sku, int pieces, const std::string& more = {}) {
        return post("/api/orders/" + id + "/place", order_of(sku, pieces, more));
    }
    static std::string order_of(const std::string& sku, int pieces, const std::string& more = {}) {
        return R"({"customer":"Ada","lines":[{"sku":")" + sku + R"(","name":"Tea","quantity":)" +
               std::to_string(pieces) + R"(,"unit_price":"8.90"}])" + more + "}";
    }
    [[nodiscard]] std::string status_of(const std::string& id) const {
        return get("/api/orders/" + id + "?at_least=" + std::to_string(store->tail().value))
            .body()["summary"]["status"];
    }
    [[nodiscard]] std::int64_t available(const std::string& sku) const {
        const auto list = get("/api/stock?at_least=" + std::to_string(store->tail().value)).body();
        for (const auto& level : list["stock"]) {
            if (level["sku"] == sku) return level["available"];
        }
        return 0;
    }
};

}  // namespace orders::tests
