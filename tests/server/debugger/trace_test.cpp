#include "server/debugger/fixture.hpp"

namespace foldback::server::debugger_test {
namespace {

void add_checkout(StreamStore& store, const std::string& shop = {}) {
    append(store, shop + "checkout/1",
           R"({"type":"CheckoutStarted","id":"e1","timestamp":1000,"data":{},"meta":{"correlation":"shopping"}})");
    append(
        store, shop + "payments/1",
        R"({"type":"PaymentAsked","id":"e2","timestamp":1032,"data":{"name":"Ada"},"meta":{"causation":"e1","command":"pay"}})");
    append(store, shop + "payments/1",
           R"({"type":"PaymentFailed","id":"e3","timestamp":2722,"data":{},"meta":{"causation":"e2"}})");
}

TEST_CASE("a trace shows which event led to which across streams, by any of their names") {
    Debugged debugged;
    add_checkout(*debugged.store);

    for (const auto* id : {"e1", "e2", "e3", "shopping", "pay"}) {
        const auto answer = debugged.ask(std::string("trace?id=") + id);

        CHECK(answer["id"] == id);
        REQUIRE(answer["nodes"].size() == 3);
        CHECK(answer["nodes"][0]["stream"] == "checkout/1");
        CHECK(answer["nodes"][0]["parent"].is_null());
        CHECK(answer["nodes"][0]["correlation"] == "shopping");
        CHECK(answer["nodes"][1]["type"] == "PaymentAsked");
        CHECK(answer["nodes"][1]["parent"] == 0);
        CHECK(answer["nodes"][1]["after_ms"] == 32);
        CHECK(answer["nodes"][1]["timestamp"] == "1970-01-01T00:00:01.032Z");
        CHECK(answer["nodes"][2]["event"] == 2);
        CHECK(answer["nodes"][2]["offset"] == 1);
        CHECK(answer["nodes"][2]["causation"] == "e2");
        CHECK(answer["nodes"][2]["depth"] == 2);
        CHECK(answer["streams"] == 2);
        CHECK(answer["duration_ms"] == 1722);
        CHECK(answer["complete"] == true);
    }
}

TEST_CASE("a trace begins at an event of a stream, too") {
    Debugged debugged;
    add_checkout(*debugged.store);

    const auto answer = debugged.ask("trace?stream=payments/1&event=1");
    const auto alone = debugged.ask("trace?stream=orders/42&event=3");

    CHECK(answer["stream"] == "payments/1");
    CHECK(answer["event"] == 1);
    CHECK(answer["nodes"].size() == 3);
    REQUIRE(alone["nodes"].size() == 1);
    CHECK(alone["nodes"][0]["event"] == 3);
    CHECK(debugged.refused("trace?stream=orders/42&event=6", 400) == "no-such-event");
    CHECK(debugged.refused("trace", 400) == "missing-parameter");
    CHECK(debugged.refused("trace?id=", 400) == "missing-parameter");
}

TEST_CASE("a trace that holds fewer events than there are says so") {
    Debugged debugged;
    add_checkout(*debugged.store);

    const auto part = debugged.ask("trace?id=e1&limit=2");

    CHECK(part["nodes"].size() == 2);
    CHECK(part["complete"] == false);
    CHECK(debugged.ask("trace?id=nothing")["nodes"].empty());
    CHECK(debugged.refused("trace?id=e1&limit=5001", 400) == "bad-parameter");
}

TEST_CASE("copies of events in saved what-ifs are no events that happened") {
    Debugged debugged;
    add_checkout(*debugged.store);
    add_checkout(*debugged.store, "debug/");

    CHECK(debugged.ask("trace?id=e2")["nodes"].size() == 3);
    CHECK(debugged.ask("trace?stream=debug/checkout/1&event=1")["nodes"].size() == 6);
}

}  // namespace
}  // namespace foldback::server::debugger_test
