#include <algorithm>
#include <set>

#include "orders/api_fixture.hpp"

namespace orders::tests {
namespace {

struct ListFixture : ApiFixture {
    ListFixture() {
        receive("TEA", 1'000);
        for (int i = 0; i < 7; ++i) {
            clock.advance(std::chrono::seconds(1));
            REQUIRE(place("o" + std::to_string(i), "TEA", 7 - i).status == 201);
        }
        shop.projections().run_until_caught_up();
    }

    static std::vector<std::string> ids_of(const json& list) {
        std::vector<std::string> ids;
        for (const auto& order : list["orders"]) ids.push_back(order["id"]);
        return ids;
    }
    /// The pages of a list, one after another.
    [[nodiscard]] std::vector<std::string> all_pages(std::string address) const {
        std::vector<std::string> ids;
        for (int pages = 0; pages < 20; ++pages) {
            const auto list = get(address).body();
            for (const auto& id : ids_of(list)) ids.push_back(id);
            if (!list.contains("next")) return ids;
            address = list["next"];
        }
        FAIL("the list does not end");
        return ids;
    }
};

using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE_FIXTURE(ListFixture, "the newest orders come first, and any of the sorts in either direction") {
    CHECK(ids_of(get("/api/orders").body()) == Ids{"o6", "o5", "o4", "o3", "o2", "o1", "o0"});
    CHECK(ids_of(get("/api/orders?sort=placed&limit=3").body()) == Ids{"o0", "o1", "o2"});
    CHECK(ids_of(get("/api/orders?sort=-total&limit=2").body()) == Ids{"o0", "o1"});
    CHECK(ids_of(get("/api/orders?sort=total&limit=2").body()) == Ids{"o6", "o5"});
}

TEST_CASE_FIXTURE(ListFixture, "pages hold every order once") {
    for (const auto* sort : {"placed", "-placed", "total", "-total", "updated", "-updated"}) {
        CAPTURE(sort);
        auto paged = all_pages(std::string("/api/orders?limit=2&sort=") + sort);
        CHECK(paged == ids_of(get(std::string("/api/orders?sort=") + sort).body()));
        CHECK(paged.size() == 7);
    }
}

TEST_CASE_FIXTURE(ListFixture, "orders that come meanwhile disturb no page") {
    const auto first = get("/api/orders?limit=3").body();
    REQUIRE(place("new", "TEA", 1).status == 201);
    shop.projections().run_until_caught_up();

    CHECK(ids_of(get(first["next"]).body()) == Ids{"o3", "o2", "o1"});
}

TEST_CASE_FIXTURE(ListFixture, "an order whose number was used before was placed when it was placed") {
    REQUIRE(store->remove("orders/o3").has_value());
    clock.advance(std::chrono::seconds(1));
    REQUIRE(place("o3", "TEA", 4).status == 201);
    shop.projections().run_until_caught_up();

    CHECK(ids_of(get("/api/orders?limit=2").body()) == Ids{"o3", "o6"});
    CHECK(get("/api/orders/o3").body()["summary"]["placed_at_ms"] == clock.now().time_since_epoch().count());
}

TEST_CASE_FIXTURE(ListFixture, "lists are filtered by status and customer") {
    REQUIRE(post("/api/orders/o3/cancel", R"({"reason":"no"})").status == 200);
    shop.projections().run_until_caught_up();

    CHECK(ids_of(get("/api/orders?status=cancelled").body()) == Ids{"o3"});
    CHECK(ids_of(get("/api/orders?status=paid").body()).empty());
    CHECK(ids_of(get("/api/orders?customer=Ada&status=placed").body()).size() == 6);
    CHECK(ids_of(get("/api/orders?customer=A%64a").body()).size() == 7);
    CHECK(ids_of(get("/api/orders?customer=Bob").body()).empty());
}

TEST_CASE_FIXTURE(ListFixture, "a query that makes no sense is a 400") {
    for (const auto* address :
         {"/api/orders?status=lost", "/api/orders?sort=colour", "/api/orders?limit=501", "/api/orders?limit=-1",
          "/api/orders?limit=1&limit=2", "/api/orders?after=x", "/api/orders?after=1x_o", "/api/orders?at_least=soon",
          "/api/orders?at_least=999999", "/api/revenue?from=yesterday", "/api/revenue?to=2026-1-1",
          "/api/orders/o1/history?from=99", "/api/audit?before=x"}) {
        const auto refused = get(address);

        CAPTURE(address);
        CHECK(refused.status == 400);
        CHECK(refused.code() == "bad-query");
    }
}

TEST_CASE_FIXTURE(ApiFixture, "a query that names a command's position shows what the command did") {
    receive("TEA", 10);
    const auto placed = place("42", "TEA", 3).body();

    CHECK(get("/api/orders/42").status == 404);
    const auto shown = get("/api/orders/42?at_least=" + placed["position"].dump());

    CHECK(shown.status == 200);
    CHECK(shown.header("etag") == "\"1\"");
    CHECK(shown.body()["order"]["lines"][0]["quantity"] == 3);
}

TEST_CASE_FIXTURE(ApiFixture,
                  "a read model that does not run is a 503 with Retry-After for who wants to read his writes") {
    receive("TEA", 10);
    shop.projections().pause("stock-levels");

    const auto refused = get("/api/stock?at_least=1");

    CHECK(refused.status == 503);
    CHECK(refused.code() == "not-yet");
    CHECK(refused.header("retry-after") == "1");
    CHECK(get("/api/stock").status == 200);
}

TEST_CASE_FIXTURE(ApiFixture, "an order's history shows events as they are stored and as they are understood") {
    const std::string old =
        R"({"type":"OrderPlaced","version":1,"data":{"customer":"Ada","sku":"TEA","quantity":2,"price_cents":890}})";
    (void)store
        ->append({.stream = "orders/7",
                  .messages = foldback::Messages::trusted_json(std::span(&old, 1)),
                  .create_with = foldback::StreamConfig{.content_type = "application/json"}})
        .value();
    REQUIRE(post("/api/orders/7/pay", R"({"payment_id":"p","amount":"17.80"})").status == 200);

    const auto history = get("/api/orders/7/history").body();

    REQUIRE(history["events"].size() == 2);
    const auto& placed = history["events"][0];
    CHECK(placed["stored_version"] == 1);
    CHECK(placed["stored"] == json::parse(old));
    CHECK(placed["version"] == 3);
    CHECK(placed["data"]["lines"][0] == json::parse(R"({"sku":"TEA","name":"TEA","quantity":2,"unit_price":"8.90"})"));
    CHECK(history["events"][1]["type"] == "OrderPaid");
    CHECK(get("/api/orders/7/history?from=1").body()["events"].size() == 1);
    CHECK(get("/api/orders/8/history").status == 404);
    CHECK(get("/api/orders/%2e%2e/history").status == 404);
}

TEST_CASE_FIXTURE(ApiFixture, "revenue is counted by the day of payment and of refund") {
    receive("TEA", 10);
    for (const auto* id : {"1", "2"}) {
        REQUIRE(place(id, "TEA", 1).status == 201);
        REQUIRE(post(std::string("/api/orders/") + id + "/pay", R"({"payment_id":"p","amount":"8.90"})").status == 200);
    }
    clock.advance(std::chrono::hours(24));
    REQUIRE(post("/api/orders/1/refund", R"({"refund_id":"r","amount":"1.90","reason":"late"})").status == 200);

    const auto revenue = get("/api/revenue?at_least=" + std::to_string(store->tail().value)).body();

    REQUIRE(revenue["days"].size() == 2);
    CHECK(revenue["days"][0] ==
          json::parse(R"({"day":"2023-11-14","payments":2,"paid":"17.80","refunded":"0.00","net":"17.80"})"));
    CHECK(revenue["days"][1]["net"] == "-1.90");
    CHECK(revenue["net"] == "15.90");
    CHECK(get("/api/revenue?from=2023-11-15").body()["days"].size() == 1);
    CHECK(get("/api/revenue?to=2023-11-14").body()["days"].size() == 1);
}

TEST_CASE_FIXTURE(ApiFixture, "stock and audit are read in pages") {
    for (const auto* sku : {"A", "B", "C"}) receive(sku, 1);
    shop.projections().run_until_caught_up();

    const auto first = get("/api/stock?limit=2").body();
    CHECK(first["stock"].size() == 2);
    CHECK(get(first["next"]).body()["stock"][0]["sku"] == "C");
    const auto newest = get("/api/audit?limit=2").body();
    CHECK(newest["entries"][0]["stream"] == "stock/C");
    CHECK(get(newest["next"]).body()["entries"][0]["stream"] == "stock/A");
    CHECK(get("/api/audit?stream=stock/B&actor=tester").body()["entries"].size() == 1);
}

TEST_CASE_FIXTURE(ListFixture, "a read model is built anew beside the live one, compared, and swapped in") {
    database->write([](foldback::ReadModel& model) {
        model.execute("UPDATE order_list SET customer = 'Eve' WHERE order_id = 'o1'");
    });

    CHECK(get("/api/projections/order-list/rebuild").body()["under_way"] == false);
    const auto started = call(Method::post, "/api/projections/order-list/rebuild");
    CHECK(started.status == 202);
    CHECK(started.body()["events_total"].get<int>() > 0);
    shop.projections().run_until_caught_up();
    CHECK(get("/api/projections/order-list/rebuild").body()["caught_up"] == true);

    const auto diff = get("/api/projections/order-list/rebuild/diff").body();
    CHECK(diff["same"] == false);
    CHECK(diff["tables"][0]["only_live"] == 1);
    CHECK(diff["tables"][0]["only_rebuilt"] == 1);
    CHECK(get("/api/orders/o1").body()["summary"]["customer"] == "Eve");
    CHECK(call(Method::post, "/api/projections/order-list/rebuild/swap").status == 200);
    CHECK(get("/api/orders/o1").body()["summary"]["customer"] == "Ada");
}

TEST_CASE_FIXTURE(ListFixture, "a rebuild that cannot be is refused") {
    CHECK(call(Method::post, "/api/projections/nothing/rebuild").code() == "projection-not-found");
    CHECK(call(Method::post, "/api/projections/payments.inbox/rebuild").status == 409);
    CHECK(get("/api/projections/revenue/rebuild/diff").status == 409);
    CHECK(call(Method::post, "/api/projections/revenue/rebuild/swap").status == 409);
}

TEST_CASE_FIXTURE(ApiFixture, "the projections say how far they are") {
    receive("TEA", 10);

    const auto before = get("/api/projections").body()["projections"];
    shop.projections().run_until_caught_up();
    const auto after = get("/api/projections").body()["projections"];

    CHECK(before[0]["lag_events"].get<int>() > 0);
    std::set<std::string> names;
    for (const auto& one : after) {
        CHECK(one["lag_events"] == 0);
        names.insert(one["name"]);
    }
    for (const auto* name : {"order-list", "revenue", "stock-levels", "audit-trail", "payments.inbox"})
        CHECK(names.contains(name));
}

TEST_CASE_FIXTURE(ApiFixture, "the description lists every route with its parameters and body") {
    const auto description = get("/api/openapi.json").body();

    std::size_t operations = 0;
    for (const auto& [path, methods] : description["paths"].items()) operations += methods.size();
    CHECK(operations == api.routes().size());
    for (const auto& route : api.routes()) {
        const auto& methods = description["paths"][std::string(route.pattern)];
        const auto& operation = methods[route.method == Method::get    ? "get"
                                        : route.method == Method::post ? "post"
                                                                       : "delete"];
        CAPTURE(route.pattern);
        REQUIRE(operation.is_object());
        CHECK(operation["summary"] == std::string(route.about));
        CHECK(operation.contains("requestBody") == !route.body_schema.empty());
        const auto placeholders = std::count(route.pattern.begin(), route.pattern.end(), '{');
        std::size_t expected = static_cast<std::size_t>(placeholders) + route.query.size();
        if (!route.body_schema.empty()) expected += 2;
        CHECK(operation["parameters"].size() == expected);
    }
    const auto& line = description["paths"]["/api/orders/{id}/place"]["post"]["requestBody"]["content"]
                                  ["application/json"]["schema"]["properties"]["lines"]["items"];
    CHECK(line["properties"]["unit_price"]["type"] == "string");
    CHECK(line["required"].size() == 4);
}

}  // namespace orders::tests
