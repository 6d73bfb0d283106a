#include "server/debugger/fixture.hpp"

namespace foldback::server::debugger_test {
namespace {

TEST_CASE("a what-if shows both histories and both ends, and writes nothing") {
    Debugged debugged;

    const auto answer = debugged.what_if({{"stream", "orders/42"}, {"edits", {{{"skip", 4}}}}});

    CHECK(answer["fork_point"] == 3);
    CHECK(answer["real"]["state"]["total"] == 50);
    CHECK(answer["what_if"]["state"]["total"] == 550);
    CHECK(answer["what_if"]["reports"][0]["first"].is_null());
    CHECK(answer["changes"][0]["path"] == "/total");
    CHECK(answer["rows"][0]["kind"] == "skipped");
    CHECK(answer["rows"][1]["kind"] == "same");
    CHECK(answer["saved"].is_null());
    CHECK(debugged.store->list({}).streams.size() == 1);
}

TEST_CASE("events can be replaced and inserted") {
    Debugged debugged;
    const Json discounted{{"type", "Discounted"}, {"version", 1}, {"data", {{"cents", 1}}}};

    const auto answer = debugged.what_if(
        {{"stream", "orders/42"},
         {"edits", {{{"replace", 4}, {"event", discounted}}, {{"insert_before", 6}, {"event", discounted}}}}});

    CHECK(answer["what_if"]["state"]["total"] == 548);
    CHECK(answer["rows"][0]["kind"] == "replaced");
    CHECK(answer["rows"][2]["kind"] == "inserted");
}

TEST_CASE("a saved what-if is a fork that expires, below the debugger's own path, with what was hidden") {
    Debugged debugged;
    const Json edited{{"type", "Placed"}, {"version", 2}, {"data", {{"customer", "••••"}}}};

    const auto answer = debugged.what_if({{"stream", "orders/42"},
                                          {"edits", {{{"replace", 1}, {"event", edited}}, {{"skip", 4}}}},
                                          {"save_as", "debug/orders/42-fix"}});

    const auto info = debugged.store->head("debug/orders/42-fix").value();
    CHECK(answer["saved"]["stream"] == "debug/orders/42-fix");
    CHECK(answer["saved"]["url"] == "/v1/stream/debug/orders/42-fix");
    CHECK(info.forked_from.has_value());
    CHECK(info.config.ttl == std::chrono::seconds(3600));
    CHECK(debugged.ask("state?stream=debug/orders/42-fix")["lens"]["name"] == "orders");
    CHECK(debugged.ask("state?stream=debug/orders/42-fix")["state"]["total"] == 550);
    const auto page = debugged.store->read({.stream = "debug/orders/42-fix"}).value();
    CHECK(std::string((*page.begin()).data).find("Ada") != std::string::npos);
}

TEST_CASE("a what-if is saved nowhere else, and not at all where nothing may be written") {
    Debugged debugged;
    Debugged reading({.read_only = true});
    const Json body{{"stream", "orders/42"}, {"edits", {{{"skip", 4}}}}, {"save_as", "orders/44"}};
    auto below = body;
    below["save_as"] = "debug/orders/44";

    const auto outside = debugged.send(Method::post, "/debug/api/whatif", body.dump());
    CHECK(outside.status == 403);
    CHECK(reading.send(Method::post, "/debug/api/whatif", below.dump()).status == 403);
    CHECK(debugged.send(Method::post, "/debug/api/whatif", below.dump()).status == 200);
    CHECK(debugged.send(Method::post, "/debug/api/whatif", below.dump()).status == 409);
    CHECK_FALSE(debugged.store->head("orders/44").has_value());
}

TEST_CASE("edits that make no sense are refused") {
    Debugged debugged;
    const auto refused = [&](const std::string& body) {
        return debugged.send(Method::post, "/debug/api/whatif", body).status == 400;
    };

    CHECK(refused("{"));
    CHECK(refused("[]"));
    CHECK(refused(R"({"stream":"orders/42"})"));
    CHECK(refused(R"({"stream":"orders/42","edits":[{"skip":6}]})"));
    CHECK(refused(R"({"stream":"orders/42","edits":[{"skip":0}]})"));
    CHECK(refused(R"({"stream":"orders/42","edits":[{"skip":"1"}]})"));
    CHECK(refused(R"({"stream":"orders/42","edits":[{"replace":1}]})"));
    CHECK(refused(R"({"stream":"orders/42","edits":[7]})"));
    CHECK(refused(R"({"stream":7,"edits":[]})"));
    CHECK(debugged.get("/debug/api/whatif").status == 405);
}

}  // namespace
}  // namespace foldback::server::debugger_test
