#include "foldback/server/debugger.hpp"

#include "protocol/offset_token.hpp"
#include "server/debugger/fixture.hpp"

namespace foldback::server::debugger_test {
namespace {

TEST_CASE("every answer about a stream carries its lens, builds and count of events") {
    Debugged debugged;

    for (const auto* question :
         {"state", "events", "outline", "invariants", "blame", "search", "diff", "states", "marks"}) {
        const auto answer = debugged.ask(std::string(question) + "?stream=orders/42&from=1");

        CHECK(answer["stream"] == "orders/42");
        CHECK(answer["lens"]["name"] == "orders");
        CHECK(answer["lens"]["build"] != "");
        CHECK(answer["build"] == "test 1");
        CHECK(answer["events"] == 5);
    }
}

TEST_CASE("streams are found by the beginning of their name, page by page") {
    Debugged debugged;
    append(*debugged.store, "orders/43", usual_history());
    append(*debugged.store, "stock/tea", R"({"type":"Counted"})");

    const auto first = debugged.ask("streams?prefix=orders/&limit=1");
    const auto second = debugged.ask("streams?prefix=orders/&limit=1&after=orders/42");

    CHECK(first["streams"][0]["stream"] == "orders/42");
    CHECK(first["streams"][0]["lens"] == "orders");
    CHECK(first["complete"] == false);
    CHECK(second["streams"][0]["stream"] == "orders/43");
    CHECK(second["complete"] == true);
    CHECK(debugged.ask("streams?prefix=stock")["streams"][0]["lens"] == "merge");
}

TEST_CASE("the state at a moment comes with the event that led there and what it changed") {
    Debugged debugged;

    const auto answer = debugged.ask("state?stream=orders/42&at=4");

    CHECK(answer["moment"] == 4);
    CHECK(answer["event"]["number"] == 4);
    CHECK(answer["event"]["type"] == "Discounted");
    CHECK(answer["state"]["total"] == -200);
    CHECK(answer["changes"] ==
          Json::parse(R"([{"kind":"changed","pointer":"/total","path":"/total","before":300,"after":-200}])"));
    CHECK(answer["invariants"] == Json::parse(R"([{"name":"total-not-negative","holds":false}])"));
}

TEST_CASE("states come in pages, each as one asked for alone") {
    Debugged debugged;

    const auto page = debugged.ask("states?stream=orders/42&from=0&count=4");
    const auto rest = debugged.ask("states?stream=orders/42&from=4");

    REQUIRE(page["states"].size() == 4);
    REQUIRE(rest["states"].size() == 2);
    for (std::size_t moment = 0; moment < 6; ++moment) {
        auto alone = debugged.ask("state?stream=orders/42&at=" + std::to_string(moment));
        const auto& paged = moment < 4 ? page["states"][moment] : rest["states"][moment - 4];
        for (const auto* name : {"moment", "event", "state", "changes", "invariants"})
            CHECK(paged[name] == alone[name]);
    }
    CHECK(debugged.refused("states?stream=orders/42&from=6", 400) == "bad-parameter");
    CHECK(debugged.refused("states?stream=orders/42&from=0&count=201", 400) == "bad-parameter");
}

TEST_CASE("snapshots and checkpoints of projections are marked where they stand in the stream") {
    const auto marks = [](const StreamPath& stream) -> std::vector<TimelineMark> {
        if (stream.text() != "orders/43") return {{.name = "list", .until = Position{1}}};
        return {{.kind = TimelineMark::Kind::snapshot, .name = "order", .until = Offset{2}},
                {.kind = TimelineMark::Kind::snapshot, .name = "another life", .until = Offset{200}},
                {.name = "list", .until = Position{8}},
                {.name = "behind", .until = Position{0}}};
    };
    Debugged debugged({.build = "test 1", .marks = marks});
    append(*debugged.store, "orders/43", usual_history());

    const auto answer = debugged.ask("marks?stream=orders/43");

    CHECK(answer["marks"] == Json::parse(R"([{"kind":"snapshot","name":"order","moment":2},
                                             {"kind":"projection","name":"list","moment":3},
                                             {"kind":"projection","name":"behind","moment":0}])"));
    CHECK(debugged.ask("marks?stream=orders/42")["marks"][0]["moment"] == 1);
    CHECK(Debugged().ask("marks?stream=orders/42")["marks"] == Json::array());
}

TEST_CASE("an amount in a string is a number over time") {
    Debugged debugged;
    append(*debugged.store, "money/1", R"({"type":"A","data":{"sum":"23.40"}})");
    append(*debugged.store, "money/1", R"({"type":"B","data":{"sum":"-1"}})");
    append(*debugged.store, "money/1", R"({"type":"C","data":{"sum":"23 apples"}})");
    append(*debugged.store, "money/1", R"({"type":"D","data":{"sum":{"a/b":[1,18446744073709551615]}}})");

    const auto points = debugged.ask("series?stream=money/1&pointer=/sum")["points"];

    CHECK(points[0]["last"].is_null());
    CHECK(points[1]["last"] == 23.4);
    CHECK(points[2]["last"] == -1);
    CHECK(points[3]["last"].is_null());
    const auto deep = debugged.ask("series?stream=money/1&pointer=/sum/a~1b/1")["points"];
    CHECK(deep[4]["last"] == 18446744073709551615ULL);
    CHECK(deep[3]["last"].is_null());
    CHECK(debugged.refused("series?stream=money/1&pointer=sum", 400) == "bad-request");
}

TEST_CASE("moments are numbers, distances from the tail, times and offsets of the protocol") {
    Debugged debugged;
    const auto token = protocol::offset_token(debugged.store->head("orders/42").value().tail);

    CHECK(debugged.ask("state?stream=orders/42")["moment"] == 5);
    CHECK(debugged.ask("state?stream=orders/42&at=now")["moment"] == 5);
    CHECK(debugged.ask("state?stream=orders/42&at=" + token)["moment"] == 5);
    CHECK(debugged.ask("state?stream=orders/42&at=-2")["moment"] == 3);
    CHECK(debugged.ask("state?stream=orders/42&at=0")["event"].is_null());
    CHECK(debugged.ask("state?stream=orders/42&at=1990-01-01T00:00:00Z")["moment"] == 0);
    CHECK(debugged.ask("state?stream=orders/42&at=2990-01-01T00:00:00Z")["moment"] == 5);
    for (const auto* time : {"1990-01-01", "1990-01-01T10:30", "1990-01-01%2010:30", "1990-01-01%2010:30:07.5",
                             "1990-01-01%2010:30%2B02:00", "1990-01-01T10:30:07%20%2B02:00", "1990-01-01%2010:30Z"})
        CHECK(debugged.ask(std::string("state?stream=orders/42&at=") + time)["moment"] == 0);
    for (const auto* none : {"1990-13-01", "1990-01-01T1", "1990-01-01%2025:00", "1990-01-01x10:30", "1990-01-01%2010"})
        CHECK(debugged.refused(std::string("state?stream=orders/42&at=") + none, 400) == "bad-moment");
    CHECK(debugged.refused("state?stream=orders/42&at=6", 400) == "no-such-moment");
    CHECK(debugged.refused("state?stream=orders/42&at=-6", 400) == "no-such-moment");
    CHECK(debugged.refused("state?stream=orders/42&at=noon", 400) == "bad-moment");
}

TEST_CASE("events are shown as they are stored and as they are understood today") {
    Debugged debugged;
    append(*debugged.store, "orders/old",
           R"({"type":"Placed","version":1,"id":"a1","data":{"name":"Ada"},"meta":{"correlation":"c1"}})");

    const auto event = debugged.ask("events?stream=orders/old")["page"][0];

    CHECK(event["number"] == 1);
    CHECK(event["version"] == 1);
    CHECK(event["metadata"]["correlation"] == "c1");
    CHECK(Json::parse(event["stored"].get<std::string>())["data"].contains("name"));
    CHECK(event["current"][0]["version"] == 2);
    CHECK(event["current"][0]["data"].contains("customer"));
}

TEST_CASE("an event that cannot be decoded is shown as such and changes nothing") {
    Debugged debugged;
    append(*debugged.store, "orders/42", R"({"type":"LineAdded","version":1,"data":{"line":7}})");

    const auto answer = debugged.ask("state?stream=orders/42&at=6");
    const auto unreadable = debugged.ask("invariants?stream=orders/42")["unreadable"];

    CHECK(answer["event"]["problem"] != "");
    CHECK(answer["changes"].empty());
    CHECK(unreadable[0]["event"] == 6);
}

TEST_CASE("what is redacted is in no answer") {
    Debugged debugged;
    append(*debugged.store, "orders/old", R"({"type":"Placed","version":1,"id":"a1","data":{"name":"Ada"}})");

    for (const auto* question :
         {"state?stream=orders/42&at=1", "events?stream=orders/42", "events?stream=orders/42&brief=1",
          "diff?stream=orders/42&from=0", "blame?stream=orders/42", "export?stream=orders/42",
          "export?stream=orders/42&as=doctest", "state?stream=orders/old", "export?stream=orders/old",
          "states?stream=orders/42", "states?stream=orders/old"}) {
        const auto response = debugged.get(std::string("/debug/api/") + question);

        CHECK(response.status == 200);
        CHECK(response.text.find("Ada") == std::string::npos);
        CHECK(response.text.find("••••") != std::string::npos);
    }
    CHECK(debugged.get("/debug/raw/orders/42").text.find("Ada") == std::string::npos);
    CHECK(debugged.ask("search?stream=orders/42&text=Ada")["found"].empty());
    CHECK(debugged.get("/debug/api/series?stream=orders/42&pointer=/customer").text.find("Ada") == std::string::npos);
    CHECK(debugged.ask("find?stream=orders/42&first=/customer%20=%20'Ada'")["found"].empty());
}

TEST_CASE("invariants say where each broke, and find leads to the first such event") {
    Debugged debugged;
    append(*debugged.store, "orders/43", std::vector<OrderEvent>{Placed{"Bob"}});

    const auto report = debugged.ask("invariants?stream=orders/42")["invariants"][0];
    const auto everywhere = debugged.ask("find?first=total-not-negative");

    CHECK(report["first"] == 4);
    CHECK(report["broken"] == Json::parse("[[4,5]]"));
    CHECK(everywhere["streams"] == 2);
    CHECK(everywhere["complete"] == true);
    REQUIRE(everywhere["found"].size() == 1);
    CHECK(everywhere["found"][0]["stream"] == "orders/42");
    CHECK(everywhere["found"][0]["moment"] == 4);
    CHECK(everywhere["found"][0]["event"]["type"] == "Discounted");
}

TEST_CASE("find counts the streams that it looked at, and says which pointers no state had") {
    Debugged debugged;
    append(*debugged.store, "stock/tea", R"({"type":"Counted","data":{"pieces":3}})");

    CHECK(debugged.ask("find?first=total-not-negative")["streams"] == 1);
    CHECK(debugged.ask("find?prefix=none/&first=total-not-negative")["streams"] == 0);
    CHECK(debugged.ask("find?stream=orders/42&first=/totl%20%3C%200%20or%20/total%20%3E%209999")["missing"] ==
          Json::array({"/totl"}));
    CHECK(debugged.ask("find?first=/pieces%20%3E%209%20and%20exists(/lines/*/nothing)")["missing"] ==
          Json::array({"/lines/*/nothing"}));
    CHECK(debugged.ask("find?first=total-not-negative")["missing"].empty());
    const auto everywhere = debugged.ask("find?first=not%20total-not-negative");
    CHECK(everywhere["streams"] == 1);
    CHECK(everywhere["found"].size() == 1);
    CHECK(everywhere["skipped"].empty());
    for (const auto* question : {"find?stream=orders/42&first=total-not-negativ", "find?first=not%20total-not-negativ"})
        CHECK(
            debugged.get(std::string("/debug/api/") + question).text.find("The invariants are: total-not-negative.") !=
            std::string::npos);
    CHECK(debugged.refused("find?first=total-not-negative&lens=raw", 400) == "bad-expression");
    CHECK(debugged.refused("find?first=total-not-negative&lens=none", 404) == "no-such-lens");
}

TEST_CASE("find answers expressions over one stream and over a prefix, in parts when there are many") {
    Debugged debugged({.max_events_per_answer = 1});
    append(*debugged.store, "orders/43", usual_history());

    const auto one = debugged.ask("find?stream=orders/42&first=count(/lines)%20%3E=%202");
    const auto part = debugged.ask("find?prefix=orders/&first=/total%20=%20300");
    const auto rest = debugged.ask("find?prefix=orders/&first=/total%20=%20300&after=orders/42");

    CHECK(one["found"][0]["moment"] == 3);
    CHECK(part["complete"] == false);
    CHECK(part["after"] == "orders/42");
    CHECK(rest["found"][0]["stream"] == "orders/43");
    CHECK(debugged.refused("find?first=nonsense", 400) == "bad-expression");
    CHECK(debugged.refused("find?stream=orders/42&first=/total%20%3C", 400) == "bad-expression");
}

TEST_CASE("blame names the event that last set each field") {
    Debugged debugged;

    const auto fields = debugged.ask("blame?stream=orders/42&at=4")["fields"];

    bool seen = false;
    for (const auto& field : fields) {
        if (field["pointer"] != "/total") continue;
        seen = true;
        CHECK(field["event"] == 4);
        CHECK(field["type"] == "Discounted");
    }
    CHECK(seen);
}

TEST_CASE("blame knows lines by their key, as the diff does") {
    Debugged debugged;

    const auto fields = debugged.ask("blame?stream=orders/42")["fields"];

    bool seen = false;
    for (const auto& field : fields) {
        if (field["pointer"] != "/lines/1/quantity") continue;
        seen = true;
        CHECK(field["path"] == "/lines/[cup]/quantity");
        CHECK(field["event"] == 3);
    }
    CHECK(seen);
}

TEST_CASE("a diff of two moments is a patch and a list that knows lines by their key") {
    Debugged debugged;

    const auto answer = debugged.ask("diff?stream=orders/42&from=2&to=3");

    CHECK(answer["before"]["total"] == 100);
    CHECK(answer["changes"][0]["path"] == "/lines/[cup]");
    CHECK_FALSE(answer["patch"].empty());
}

TEST_CASE("a number is drawn over all moments in as many points as asked") {
    Debugged debugged;

    const auto all = debugged.ask("series?stream=orders/42&pointer=/total&points=100");
    const auto few = debugged.ask("series?stream=orders/42&pointer=/total&points=2");

    CHECK(all["points"].size() == 6);
    CHECK(all["points"][4]["last"] == -200);
    CHECK(few["points"].size() == 2);
    CHECK(few["points"][1]["min"] == -200);
}

TEST_CASE("events that share a conversation or led to one another are linked across streams") {
    Debugged debugged;
    append(*debugged.store, "orders/l",
           R"({"type":"Placed","version":2,"id":"e1","data":{"customer":"x"},"meta":{"correlation":"c"}})");
    append(*debugged.store, "payments/l",
           R"({"type":"Asked","id":"e2","data":{},"meta":{"correlation":"c","causation":"e1"}})");

    const auto links = debugged.ask("links?stream=orders/l&event=1")["links"];

    REQUIRE(links.size() == 2);
    CHECK(links[0]["relation"] == "this");
    CHECK(links[1]["relation"] == "effect");
    CHECK(links[1]["stream"] == "payments/l");
    CHECK(debugged.ask("links?stream=payments/l&event=1")["links"][0]["relation"] == "cause");
}

TEST_CASE("what was appended since, and a stream created anew, are seen by the next question") {
    Debugged debugged;
    CHECK(debugged.ask("state?stream=orders/42")["moment"] == 5);

    append(*debugged.store, "orders/42", std::vector<OrderEvent>{Discounted{1}});
    CHECK(debugged.ask("state?stream=orders/42")["moment"] == 6);

    CHECK(debugged.store->remove("orders/42").has_value());
    CHECK(debugged.refused("state?stream=orders/42", 404) == "not-found");
    append(*debugged.store, "orders/42", std::vector<OrderEvent>{Placed{"Eve"}});
    CHECK(debugged.ask("state?stream=orders/42")["moment"] == 1);
}

TEST_CASE("what is wrong with a question is said in a problem document") {
    Debugged debugged;
    const StreamConfig bytes{.content_type = "text/plain"};
    CHECK(debugged.store->create({.stream = "log", .config = bytes}).has_value());

    CHECK(debugged.refused("state", 400) == "missing-parameter");
    CHECK(debugged.refused("state?stream=../x", 400) == "bad-stream");
    CHECK(debugged.refused("state?stream=orders/none", 404) == "not-found");
    CHECK(debugged.refused("state?stream=orders/42&lens=none", 404) == "no-such-lens");
    CHECK(debugged.refused("state?stream=log", 400) == "not-json");
    CHECK(debugged.refused("events?stream=orders/42&count=0", 400) == "bad-parameter");
    CHECK(debugged.refused("nothing", 404) == "not-found");
    CHECK(debugged.get("/debug/api/trace?stream=orders/42&event=6").text.find("has the events 1 to 5, not 6") !=
          std::string::npos);
    CHECK(debugged.send(Method::post, "/debug/api/state?stream=orders/42").status == 405);
    CHECK(header(debugged.get("/debug/api/state"), "content-type") == "application/problem+json");
}

TEST_CASE("only pages of this machine are answered") {
    Debugged debugged;
    const auto asks = [&](std::vector<std::pair<std::string, std::string>> headers) {
        return debugged.send(Method::get, "/debug/api/about", {}, std::move(headers)).status;
    };

    CHECK(asks({{"host", "127.0.0.1:4437"}}) == 200);
    CHECK(asks({{"host", "localhost:4437"}, {"sec-fetch-site", "same-origin"}}) == 200);
    CHECK(asks({{"host", "[::1]:4437"}}) == 200);
    CHECK(asks({{"host", "evil.example"}}) == 403);
    CHECK(asks({{"host", "127.0.0.1.evil.example"}}) == 403);
    CHECK(asks({{"host", "localhost"}, {"sec-fetch-site", "cross-site"}, {"sec-fetch-mode", "cors"}}) == 403);
}

TEST_CASE("an own authorisation decides alone") {
    Debugged debugged({.authorise = [](const Request& request) { return request.header("authorization") != nullptr; }});

    CHECK(debugged.send(Method::get, "/debug/api/about", {}, {{"host", "a.example"}}).status == 403);
    CHECK(debugged.send(Method::get, "/debug/api/about", {}, {{"host", "a.example"}, {"authorization", "x"}}).status ==
          200);
}

}  // namespace
}  // namespace foldback::server::debugger_test
