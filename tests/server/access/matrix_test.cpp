#include <array>
#include <set>

#include "access/grants.hpp"
#include "protocol/route.hpp"
#include "server/access/guarded.hpp"

using namespace foldback;
using namespace foldback::server;

namespace {

constexpr std::array all_verbs{Verb::read, Verb::append,    Verb::create,  Verb::close, Verb::remove,
                               Verb::fork, Verb::subscribe, Verb::webhook, Verb::admin};
constexpr std::string_view every_verb =
    R"(["read","append","create","close","delete","fork","subscribe","webhook","admin"])";

struct Spelling {
    const char* target;
    bool is_well_formed;  ///< then it is orders/42
};
constexpr std::array spellings{
    Spelling{"/v1/stream/orders/42", true},
    Spelling{"/v1/stream/orders%2F42", true},
    Spelling{"/v1/stream/%6Frders/42", true},
    Spelling{"/v1/stream/orders/4%32", true},
    Spelling{"/v1/stream//orders/42", false},
    Spelling{"/v1/stream/public/../orders/42", false},
    Spelling{"/v1/stream/public/%2e%2e/orders/42", false},
    Spelling{"/v1/stream/orders%5C42", false},
};

struct Person {
    const char* token;
    bool is_known;
    std::set<Verb> allowed;         ///< on orders/42
    bool may_create_forks = false;  ///< at orders/fork
};
const std::array people{
    Person{"", false, {}},
    Person{"wrong", false, {}},
    Person{"reader", true, {Verb::read}},
    Person{"writer", true, {Verb::append, Verb::create, Verb::close}, true},
    Person{"excluded", true, {}, true},
    Person{"everything", true, {all_verbs.begin(), all_verbs.end()}, true},
};

std::string policy() {
    const std::string every(every_verb);
    return policy_of_tokens({
        token_entry("reader", "reader", R"([{"path":"orders/**","verbs":["read"]}])"),
        token_entry("writer", "writer", R"([{"path":"orders/*","verbs":["append","create","close"]}])"),
        token_entry("excluded", "excluded",
                    R"([{"path":"**","verbs":)" + every + R"(},{"path":"orders/42","deny":)" + every + "}]"),
        token_entry("everything", "everything", R"([{"path":"**","verbs":)" + every + "}]"),
    });
}

/// 400, 401, 403, or 0 for what is let through.
unsigned expected(Verb verb, const Person& person, const Spelling& spelling) {
    if (!person.is_known) return 401;
    if (verb == Verb::fork && !person.may_create_forks) return 403;
    if (verb == Verb::admin) return person.allowed.contains(verb) ? 0 : 403;
    if (!spelling.is_well_formed) return 400;
    return person.allowed.contains(verb) ? 0 : 403;
}

/// The status of a refusal, 0 for anything else; and its whole text.
struct Answer {
    unsigned refused = 0;
    std::string text;
};

Answer answer_of(const Response& response) {
    const bool refused = response.status == 400 || response.status == 401 || response.status == 403;
    auto text = std::to_string(response.status) + body(response);
    for (const auto& [name, value] : response.headers) text += "\n" + name + ": " + value;
    return {refused ? response.status : 0, std::move(text)};
}

/// What no request asks for yet: whether the principal may, on the path that routing finds.
Answer ask_principal(Guarded& guarded, Verb verb, const Headers& headers, const char* target_text) {
    Request request;
    request.headers = headers;
    const auto principal = guarded.control->identify(request);
    if (!principal) return {401, {}};
    const auto target = protocol::parse_target(target_text);
    REQUIRE(target.has_value());
    if (verb == Verb::admin) return {principal->may(verb, "") ? 0U : 403U, {}};
    const auto route = protocol::find_route(target->path, "/v1/stream/", nullptr);
    if (!route) return {route.error().status, {}};
    return {principal->may(verb, route->stream->text()) ? 0U : 403U, {}};
}

Answer ask(Guarded& guarded, Verb verb, const Person& person, const char* target) {
    Headers headers{{"content-type", "text/plain"}};
    if (*person.token != '\0') headers.push_back(bearer(person.token));
    switch (verb) {
        case Verb::read: return answer_of(guarded.call(Method::get, target, headers));
        case Verb::append: return answer_of(guarded.call(Method::post, target, headers, "more"));
        case Verb::create: return answer_of(guarded.call(Method::put, target, headers));
        case Verb::close:
            headers.emplace_back("stream-closed", "true");
            return answer_of(guarded.call(Method::post, target, headers));
        case Verb::remove: return answer_of(guarded.call(Method::remove, target, headers));
        case Verb::fork:
            headers.emplace_back("stream-forked-from", target);
            return answer_of(guarded.call(Method::put, "/v1/stream/orders/fork", headers));
        case Verb::subscribe:
        case Verb::webhook:
        case Verb::admin: break;
    }
    return ask_principal(guarded, verb, headers, target);
}

const Headers owner{{"content-type", "text/plain"}, bearer("everything")};

}  // namespace

TEST_CASE("every verb, principal and spelling of a path: only what is granted is done, and refusals tell nothing") {
    Guarded guarded(policy());
    unsigned checks = 0;
    for (const auto verb : all_verbs) {
        for (const auto& person : people) {
            for (const auto& spelling : spellings) {
                CAPTURE(access::name_of(verb));
                CAPTURE(person.token);
                CAPTURE(spelling.target);
                guarded.call(Method::remove, "/v1/stream/orders/fork", owner);
                guarded.call(Method::remove, "/v1/stream/orders/42", owner);
                const auto when_absent = ask(guarded, verb, person, spelling.target);
                guarded.call(Method::put, "/v1/stream/orders/42", owner);
                guarded.call(Method::remove, "/v1/stream/orders/fork", owner);
                const auto when_there = ask(guarded, verb, person, spelling.target);

                CHECK(when_there.refused == expected(verb, person, spelling));
                CHECK(when_absent.refused == when_there.refused);
                if (when_there.refused != 0) CHECK(when_absent.text == when_there.text);
                ++checks;
            }
        }
    }
    MESSAGE(checks, " rights checked");
    CHECK(checks == 432);
}

TEST_CASE("a body of somebody who may not send it is refused before it is read") {
    Guarded guarded(policy());
    Request head;
    head.method = Method::post;
    head.target = "/v1/stream/orders/42";
    head.headers = {bearer("reader")};

    const auto refused = guarded.surface.api.admit(
        [&] {
            head.principal = guarded.control->identify(head);
            return head;
        }(),
        1 << 20);

    REQUIRE(refused);
    CHECK(refused->status == 403);
}

TEST_CASE("a close with data needs both verbs, and an append-only writer is not told what it missed") {
    Guarded guarded(policy_of_tokens({token_entry("o", "everything", R"([{"path":"**","verbs":["create","append"]}])"),
                                      token_entry("c", "closer", R"([{"path":"**","verbs":["close"]}])"),
                                      token_entry("a", "appender", R"([{"path":"**","verbs":["append"]}])")}));
    const Headers json{{"content-type", "application/json"}};
    const auto as = [&](const char* token, Headers more = {}) {
        more.push_back(json.front());
        more.push_back(bearer(token));
        return more;
    };
    guarded.call(Method::put, "/v1/stream/a", as("everything"), "[1,2]");

    CHECK(guarded.call(Method::post, "/v1/stream/a", as("closer", {{"stream-closed", "true"}}), "[3]").status == 403);
    CHECK(guarded.call(Method::post, "/v1/stream/a", as("appender", {{"stream-closed", "true"}}), "[3]").status == 403);
    CHECK(guarded.call(Method::post, "/v1/stream/a", as("appender", {{"stream-truncate-before", "-1"}})).status == 403);
    const auto stale = guarded.call(
        Method::post, "/v1/stream/a",
        as("appender", {{"if-match", "\"0000000000000000_0000000000000000\""}, {"prefer", "return=missed-events"}}),
        "[3]");
    CHECK(stale.status == 412);
    CHECK(body(stale).find("missed") == std::string::npos);
    CHECK(guarded.call(Method::post, "/v1/stream/a", as("closer", {{"stream-closed", "true"}})).status == 204);
}

TEST_CASE("a browser's question before a request needs no credentials, and gives none away") {
    Guarded guarded(policy());

    CHECK(guarded.call(Method::options, "/v1/stream/orders/42", {}).status == 204);
    CHECK(guarded.call(Method::get, "/v1/streams", {}).status == 401);
    CHECK(guarded.call(Method::head, "/v1/feed", {}).status == 401);
    CHECK(guarded.call(Method::get, "/nowhere", {}).status == 401);
}

TEST_CASE("lists and feeds show each what it may read") {
    Guarded guarded(
        policy_of_tokens({token_entry("o", "everything", R"([{"path":"**","verbs":["read","create"]}])"),
                          token_entry("s", "some", R"([{"path":"b/*","verbs":["read"]},{"path":"d","verbs":["read"]},
                                     {"path":"b/3","deny":["read"]}])"),
                          token_entry("n", "none", R"([{"path":"**","verbs":["append"]}])")}));
    for (const auto* path : {"a", "b/1", "b/2", "b/3", "b/4/x", "c", "d"}) {
        guarded.call(Method::put, std::string("/v1/stream/") + path,
                     {{"content-type", "application/json"}, bearer("everything")},
                     "[\"of " + std::string(path) + "\"]");
    }
    const auto names = [&](const char* token, const char* target) {
        const auto text = body(guarded.call(Method::get, target, {bearer(token)}));
        std::string found;
        for (std::size_t at = 0; (at = text.find(R"({"stream":")", at)) != std::string::npos;) {
            at += 11;
            found += text.substr(at, text.find('"', at) - at) + " ";
        }
        return found;
    };

    CHECK(names("everything", "/v1/streams") == "a b/1 b/2 b/3 b/4/x c d ");
    CHECK(names("some", "/v1/streams") == "b/1 b/2 d ");
    CHECK(names("some", "/v1/streams?prefix=b/") == "b/1 b/2 ");
    CHECK(names("some", "/v1/streams?prefix=c") == "");
    CHECK(names("some", "/v1/streams?limit=2") == "b/1 b/2 ");
    CHECK(body(guarded.call(Method::get, "/v1/streams?limit=2", {bearer("some")})).find(R"("complete":false)") !=
          std::string::npos);
    CHECK(names("some", "/v1/streams?limit=2&after=b/2") == "d ");
    CHECK(names("none", "/v1/streams") == "");
    CHECK(names("everything", "/v1/feed") == "a b/1 b/2 b/3 b/4/x c d ");
    CHECK(names("some", "/v1/feed") == "b/1 b/2 d ");
    CHECK(names("none", "/v1/feed") == "");
}

TEST_CASE("two principals that call a producer the same do not meet") {
    Guarded guarded(policy_of_tokens({token_entry("ann", "ann", R"([{"path":"**","verbs":["create","append"]}])"),
                                      token_entry("bob", "bob", R"([{"path":"**","verbs":["append"]}])")}));
    const auto append = [&](const char* token, const char* epoch, const char* seq) {
        return guarded
            .call(Method::post, "/v1/stream/a",
                  {{"content-type", "text/plain"},
                   {"producer-id", "p"},
                   {"producer-epoch", epoch},
                   {"producer-seq", seq},
                   bearer(token)},
                  "x")
            .status;
    };
    guarded.call(Method::put, "/v1/stream/a", {{"content-type", "text/plain"}, bearer("ann")});

    CHECK(append("ann", "0", "0") == 200);
    CHECK(append("bob", "9007199254740991", "0") == 200);
    CHECK(append("ann", "0", "1") == 200);
    CHECK(append("ann", "0", "1") == 204);
    CHECK(append("bob", "0", "1") == 403);
}

TEST_CASE("of several appends each needs what it asks for, and one that is not granted refuses all") {
    Guarded guarded(policy_of_tokens(
        {token_entry("o", "owner", R"([{"path":"**","verbs":["create","append","read","close"]}])"),
         token_entry("a", "appender", R"([{"path":"a","verbs":["append"]},{"path":"b","verbs":["read"]}])"),
         token_entry("c", "closer", R"([{"path":"a","verbs":["close"]},{"path":"n","verbs":["append"]}])")}));
    const Headers json{{"content-type", "application/json"}, bearer("owner")};
    guarded.call(Method::put, "/v1/stream/a", json);
    guarded.call(Method::put, "/v1/stream/b", json);
    const auto status = [&](const char* token, const char* appends) {
        return guarded
            .call(Method::post, "/v1/append", {{"content-type", "application/json"}, bearer(token)},
                  std::string(R"({"appends":[)") + appends + "]}")
            .status;
    };

    CHECK(status("appender", R"({"stream":"a","messages":[1]})") == 200);
    CHECK(status("appender", R"({"stream":"a","messages":[1]},{"stream":"b","messages":[1]})") == 403);
    CHECK(status("appender", R"({"stream":"a","messages":[1]},{"stream":"b","expected":0})") == 200);
    CHECK(status("appender", R"({"stream":"b","messages":[1]},{"stream":"a","expected":0})") == 403);
    CHECK(status("appender", R"({"stream":"a","expected":2})") == 403);
    CHECK(status("appender", R"({"stream":"a","messages":[1],"close":true})") == 403);
    CHECK(status("closer", R"({"stream":"n","messages":[1],"create":{"content_type":"application/json"}})") == 403);
    CHECK(status("closer", R"({"stream":"a","close":true})") == 200);
    CHECK(status("wrong", R"({"stream":"a","messages":[1]})") == 401);
    CHECK(body(guarded.call(Method::get, "/v1/stream/a", {bearer("owner")})) == "[1,1]");
    CHECK(body(guarded.call(Method::get, "/v1/stream/b", {bearer("owner")})) == "[]");
}

TEST_CASE("the views for stores show each what it may read") {
    Guarded guarded(policy_of_tokens({token_entry("o", "owner", R"([{"path":"**","verbs":["create","read"]}])"),
                                      token_entry("r", "reader", R"([{"path":"a","verbs":["read"]}])")}));
    for (const char* path : {"/v1/stream/a", "/v1/stream/b"})
        guarded.call(Method::put, path, {{"content-type", "application/json"}, bearer("owner")}, "[1]");

    CHECK(guarded.call(Method::get, "/v1/stream/b?view=page", {bearer("reader")}).status == 403);
    CHECK(guarded.call(Method::get, "/v1/stream/b?view=info", {bearer("reader")}).status == 403);
    CHECK(guarded.call(Method::get, "/v1/stream/b?view=watch&beyond=0", {bearer("reader")}).status == 403);
    CHECK(guarded.call(Method::get, "/v1/stream/a?view=page", {bearer("reader")}).status == 200);
    const auto feed = body(guarded.call(Method::get, "/v1/feed?view=page", {bearer("reader")}));
    CHECK(feed.find(R"("stream":"a")") != std::string::npos);
    CHECK(feed.find(R"("stream":"b")") == std::string::npos);
}
