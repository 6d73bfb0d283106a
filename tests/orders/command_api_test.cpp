#include "orders/api_fixture.hpp"

namespace orders::tests {

TEST_CASE_FIXTURE(ApiFixture, "events say which trace the request belonged to, when it said so properly") {
    receive("TEA", 100);
    const std::string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const auto place_as = [&](const std::string& id, const std::string& traceparent) {
        return call(Method::post, "/api/orders/" + id + "/place",
                    {{"idempotency-key", "k" + id}, {"content-type", "application/json"}, {"traceparent", traceparent}},
                    order_of("TEA", 1));
    };
    const auto stored = [&](const std::string& id) {
        const auto page = store->read({.stream = "orders/" + id});
        REQUIRE(page.has_value());
        return json::parse(page->begin()->data)["meta"];
    };

    REQUIRE(place_as("1", trace).status == 201);
    CHECK(stored("1")["traceparent"] == trace);
    REQUIRE(place_as("2", "00-nonsense").status == 201);
    CHECK_FALSE(stored("2").contains("traceparent"));
}

TEST_CASE_FIXTURE(ApiFixture, "placing an order answers with its offset, a position and the events' names") {
    receive("TEA", 10);

    const auto placed = place("42", "TEA", 3);

    CHECK(placed.status == 201);
    CHECK(placed.header("etag") == "\"1\"");
    CHECK(placed.header("location") == "/api/orders/42");
    CHECK(placed.header("idempotent-replayed") == "(none)");
    CHECK(placed.body() == json::parse(R"({"stream":"orders/42","offset":1,"position":5,"events":["OrderPlaced"]})"));
    CHECK(available("TEA") == 7);
}

TEST_CASE_FIXTURE(ApiFixture, "an order that finds too little stock is rejected and reserves nothing") {
    receive("POT", 10);
    receive("TEA", 2);

    const auto rejected =
        post("/api/orders/42/place", R"({"customer":"Ada","lines":[)"
                                     R"({"sku":"POT","name":"Pot","quantity":1,"unit_price":"69"},)"
                                     R"({"sku":"TEA","name":"Tea","quantity":3,"unit_price":"8.90"}]})");

    CHECK(rejected.status == 422);
    CHECK(rejected.header("content-type") == "application/problem+json");
    CHECK(rejected.code() == "out-of-stock");
    CHECK(rejected.body()["detail"] == "TEA: 3 wanted, 2 available");
    CHECK(available("POT") == 10);
    CHECK(get("/api/orders/42").status == 404);
}

TEST_CASE_FIXTURE(ApiFixture, "the same key yields the first answer again, whatever happened since") {
    receive("TEA", 10);
    const auto body = order_of("TEA", 3);
    const auto first = post("/api/orders/42/place", "same", body);
    REQUIRE(post("/api/orders/42/discount", R"({"amount":"1.00","reason":"nice"})").status == 200);

    // Another layout of the same command is the same command.
    const auto again = post("/api/orders/42/place", "\"same\"", json::parse(body).dump(2));

    CHECK(first.status == 201);
    CHECK(again.status == 201);
    CHECK(again.text == first.text);
    CHECK(again.header("etag") == first.header("etag"));
    CHECK(again.header("idempotent-replayed") == "true");
    CHECK(available("TEA") == 7);
}

TEST_CASE_FIXTURE(ApiFixture, "a rejection is remembered by its key, and another key asks anew") {
    const auto first = post("/api/orders/42/place", "early", order_of("TEA", 3));
    receive("TEA", 10);

    const auto again = post("/api/orders/42/place", "early", order_of("TEA", 3));
    const auto anew = post("/api/orders/42/place", "later", order_of("TEA", 3));

    CHECK(first.code() == "out-of-stock");
    CHECK(again.status == 422);
    CHECK(again.text == first.text);
    CHECK(again.header("idempotent-replayed") == "true");
    CHECK(anew.status == 201);
}

TEST_CASE_FIXTURE(ApiFixture, "a key that was used for another command is refused") {
    receive("TEA", 10);
    REQUIRE(post("/api/orders/42/place", "k", order_of("TEA", 3)).status == 201);

    for (const auto& other :
         {post("/api/orders/42/place", "k", order_of("TEA", 4)), post("/api/orders/43/place", "k", order_of("TEA", 3)),
          post("/api/orders/42/cancel", "k", R"({"reason":"no"})"),
          post("/api/stock/TEA/receive", "k", R"({"quantity":1})")}) {
        CHECK(other.status == 422);
        CHECK(other.code() == "idempotency-key-reused");
    }
    CHECK(status_of("42") == "placed");
    CHECK(available("TEA") == 7);
}

TEST_CASE_FIXTURE(ApiFixture, "an order goes its whole way") {
    receive("TEA", 10);
    REQUIRE(place("42", "TEA", 3).status == 201);

    CHECK(post("/api/orders/42/discount", R"({"amount":"1.70","reason":"welcome"})").body()["events"] ==
          json{"DiscountGranted"});
    CHECK(post("/api/orders/42/pay", R"({"payment_id":"p1","amount":"25.00"})").body()["offset"] == 3);
    CHECK(post("/api/orders/42/ship", R"({"shipment_id":"s1","carrier":"Post","items":[{"sku":"TEA","quantity":1}]})")
              .status == 200);
    CHECK(status_of("42") == "paid");
    CHECK(post("/api/orders/42/ship", R"({"shipment_id":"s2","carrier":"Post"})").status == 200);
    CHECK(status_of("42") == "shipped");
    CHECK(post("/api/orders/42/deliver", R"({"shipment_id":"s1"})").status == 200);
    CHECK(post("/api/orders/42/deliver", R"({"shipment_id":"s2"})").status == 200);
    CHECK(status_of("42") == "delivered");
    CHECK(post("/api/orders/42/refund", R"({"refund_id":"r1","amount":"5","reason":"broken"})").status == 200);

    CHECK(available("TEA") == 7);
    const auto summary = get("/api/orders/42?at_least=" + std::to_string(store->tail().value)).body()["summary"];
    CHECK(summary["paid"] == "25.00");
    CHECK(summary["refunded"] == "5.00");
}

TEST_CASE_FIXTURE(ApiFixture, "every rejection is a 422 with its code") {
    receive("TEA", 10);
    REQUIRE(place("placed", "TEA", 1).status == 201);
    REQUIRE(place("paid", "TEA", 1).status == 201);
    REQUIRE(post("/api/orders/paid/pay", R"({"payment_id":"p1","amount":"8.90"})").status == 200);
    REQUIRE(place("shipped", "TEA", 1).status == 201);
    REQUIRE(post("/api/orders/shipped/pay", R"({"payment_id":"p2","amount":"8.90"})").status == 200);
    REQUIRE(post("/api/orders/shipped/ship", R"({"shipment_id":"s1","carrier":"Post"})").status == 200);
    const auto tail = store->tail();

    struct Case {
        const char* target;
        const char* body;
        const char* code;
    };
    for (const auto& [target, body, code] : std::initializer_list<Case>{
             {"/api/orders/new/place", R"({"customer":"","lines":[]})", "no-customer"},
             {"/api/orders/new/place", R"({"customer":"Ada","lines":[]})", "empty-order"},
             {"/api/orders/new/place",
              R"({"customer":"Ada","lines":[{"sku":"TEA","name":"","quantity":0,"unit_price":"1"}]})", "bad-line"},
             {"/api/orders/new/place",
              R"({"customer":"Ada","lines":[{"sku":"TEA","name":"","quantity":1,"unit_price":"1"}],"pay_within_s":0})",
              "bad-term"},
             {"/api/orders/new/place",
              R"({"customer":"Ada","lines":[{"sku":"TEA","name":"","quantity":99,"unit_price":"1"}]})", "out-of-stock"},
             {"/api/orders/placed/place",
              R"({"customer":"Bob","lines":[{"sku":"TEA","name":"","quantity":1,"unit_price":"1"}]})", "order-exists"},
             {"/api/orders/placed/discount", R"({"amount":"9","reason":""})", "bad-discount"},
             {"/api/orders/paid/discount", R"({"amount":"1","reason":""})", "order-not-open"},
             {"/api/orders/placed/pay", R"({"payment_id":"","amount":"8.90"})", "no-payment-id"},
             {"/api/orders/placed/pay", R"({"payment_id":"p","amount":"8.91"})", "wrong-amount"},
             {"/api/orders/paid/pay", R"({"payment_id":"other","amount":"8.90"})", "already-paid"},
             {"/api/orders/placed/ship", R"({"shipment_id":"s","carrier":"Post"})", "order-not-paid"},
             {"/api/orders/paid/ship", R"({"shipment_id":"","carrier":"Post"})", "no-shipment-id"},
             {"/api/orders/paid/ship", R"({"shipment_id":"s","carrier":"Post","items":[]})", "nothing-to-ship"},
             {"/api/orders/paid/ship", R"({"shipment_id":"s","carrier":"Post","items":[{"sku":"MUG","quantity":1}]})",
              "not-ordered"},
             {"/api/orders/paid/deliver", R"({"shipment_id":"s"})", "unknown-shipment"},
             {"/api/orders/shipped/cancel", R"({"reason":"no"})", "already-shipped"},
             {"/api/orders/paid/refund", R"({"refund_id":"","amount":"1","reason":""})", "no-refund-id"},
             {"/api/orders/paid/refund", R"({"refund_id":"r","amount":"8.91","reason":""})", "bad-refund"},
             {"/api/stock/TEA/receive", R"({"quantity":0})", "bad-quantity"}}) {
        const auto rejected = post(target, body);

        const auto& tried_target = target;  // clang 14 lets no lambda have a structured binding
        CAPTURE(tried_target);
        const auto& tried_body = body;
        CAPTURE(tried_body);
        CHECK(rejected.status == 422);
        CHECK(rejected.code() == code);
        CHECK(rejected.body()["detail"].get<std::string>() != "");
    }
    const auto page = store->read_feed({.from = tail});
    for (const auto& message : page.messages) CHECK(std::string(message.stream).starts_with("commands/"));
}

TEST_CASE_FIXTURE(ApiFixture,
                  "a request that makes no sense is a 400 that says what is wrong and where, and is not remembered") {
    receive("TEA", 10);
    const auto tail = store->tail();
    struct Case {
        const char* body;
        const char* says;
    };
    for (const auto& [body, says] : std::initializer_list<Case>{
             {"", "byte 0"},
             {"{", "byte"},
             {R"({"customer":"Ada"})", "missing: lines"},
             {R"({"customer":"Ada","lines":[{"sku":"TEA","name":"","quantity":"1","unit_price":"1"}]})",
              "/lines/0/quantity"},
             {R"({"customer":"Ada","lines":[{"sku":"TEA","name":"","quantity":1,"unit_price":"1.234"}]})",
              "/lines/0/unit_price"},
             {R"({"customer":"Ada","lines":[{"sku":"a/b","name":"","quantity":1,"unit_price":"1"}]})", "article"},
             {R"({"customer":7,"lines":[]})", "/customer"}}) {
        const auto refused = post("/api/orders/42/place", "k", body);

        const auto& tried = body;  // clang 14 lets no lambda have a structured binding
        CAPTURE(tried);
        CHECK(refused.status == 400);
        CHECK(refused.code().starts_with("bad-"));
        CHECK(refused.body()["detail"].get<std::string>().find(says) != std::string::npos);
    }
    CHECK(store->tail() == tail);
    CHECK(post("/api/orders/42/place", "k", order_of("TEA", 1)).status == 201);
}

TEST_CASE_FIXTURE(ApiFixture, "a command needs one key, a JSON body and a plain number") {
    const auto body = order_of("TEA", 1);
    const std::pair<std::string, std::string> type{"content-type", "application/json"};

    CHECK(call(Method::post, "/api/orders/42/place", {type}, body).code() == "idempotency-key-missing");
    CHECK(call(Method::post, "/api/orders/42/place", {type, {"idempotency-key", "a"}, {"idempotency-key", "b"}}, body)
              .code() == "bad-header");
    CHECK(call(Method::post, "/api/orders/42/place", {type, {"idempotency-key", "a"}, {"x-actor", "\xFF"}}, body)
              .code() == "bad-header");
    CHECK(post("/api/orders/42/place", "", body).code() == "bad-idempotency-key");
    CHECK(post("/api/orders/42/place", "two words", body).code() == "bad-idempotency-key");
    CHECK(post("/api/orders/42/place", std::string(201, 'k'), body).code() == "bad-idempotency-key");
    CHECK(call(Method::post, "/api/orders/42/place", {{"idempotency-key", "a"}, {"content-type", "text/plain"}}, body)
              .status == 415);
    CHECK(post("/api/orders/..%2F42/place", body).code() == "bad-id");
    CHECK(post("/api/orders/../place", body).code() == "bad-id");
    CHECK(post("/api/orders/%FF/place", body).code() == "bad-target");
    CHECK(post("/api/orders/4%/place", body).code() == "bad-target");
    CHECK(post("/api/orders/" + std::string(65, '4') + "/place", body).code() == "bad-id");
    CHECK(store->tail() == foldback::Position{0});
}

TEST_CASE_FIXTURE(ApiFixture, "a command about an order that is not there is a 404, and not remembered") {
    for (const auto* verb : {"discount", "pay", "ship", "deliver", "cancel", "refund"}) {
        const std::string body =
            R"({"amount":"1","reason":"r","payment_id":"p","shipment_id":"s","carrier":"c","refund_id":"r"})";
        const auto missing = post(std::string("/api/orders/42/") + verb, "k", body);

        CHECK(missing.status == 404);
        CHECK(missing.code() == "order-not-found");
    }
    CHECK(store->tail() == foldback::Position{0});
}

TEST_CASE_FIXTURE(ApiFixture, "what is not there is a 404, and a wrong method a 405 that says the right one") {
    CHECK(get("/api/nothing").status == 404);
    CHECK(get("/api/orders/42/place").header("allow") == "POST");
    CHECK(post("/api/orders", "{}").header("allow") == "GET, HEAD");
    CHECK(call(Method::put, "/api/projections/revenue/rebuild").header("allow") == "POST, GET, HEAD, DELETE");
    CHECK(call(Method::head, "/api/orders").text.empty());
}

TEST_CASE_FIXTURE(ApiFixture, "a command is in the audit trail with its key, its actor and what it came from") {
    receive("TEA", 10);
    REQUIRE(post("/api/orders/42/place", "order-it", order_of("TEA", 3)).status == 201);

    const auto audit =
        get("/api/audit?command=http:order-it&at_least=" + std::to_string(store->tail().value)).body()["entries"];

    REQUIRE(audit.size() == 2);
    CHECK(audit[0]["type"] == "StockReserved");
    CHECK(audit[1]["type"] == "OrderPlaced");
    CHECK(audit[1]["actor"] == "tester");
    CHECK(audit[1]["data"]["customer"] == "Ada");
    CHECK(audit[1]["causation"].get<std::string>().starts_with("place orders/42 "));
}

}  // namespace orders::tests
