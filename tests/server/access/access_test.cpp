#include "foldback/server/access.hpp"

#include "server/access/guarded.hpp"
#include "server/access/signer.hpp"

using namespace foldback;
using namespace foldback::server;
using access::testing::Signer;

namespace {

using Json = nlohmann::json;
using namespace std::chrono_literals;

const std::string read_all = R"([{"path":"**","verbs":["read"]}])";

std::string problem_with(const std::string& policy) {
    test::TemporaryDirectory folder;
    const auto file = folder.path() / "access.json";
    std::ofstream(file) << policy;
    try {
        const AccessControl control(file, system_clock());
    } catch (const AccessError& error) {
        return std::string(error.what()).substr(file.string().size() + 2);
    }
    return "none";
}

/// Somebody who may create and write, beside the entries of a test.
Guarded guarded_with(std::vector<std::string> entries) {
    entries.push_back(token_entry("owner", "owner", R"([{"path":"**","verbs":["create","append","delete"]}])"));
    return Guarded(policy_of_tokens(entries));
}

void append(Guarded& guarded, const char* text) {
    CHECK(guarded.call(Method::post, "/v1/stream/a", {{"content-type", "text/plain"}, bearer("owner")}, text).status ==
          204);
}

std::unique_ptr<EventStream> events_of(Guarded& guarded, const char* token) {
    auto reply = guarded.reply(Method::get, "/v1/stream/a?offset=-1&live=sse", {bearer(token)});
    REQUIRE(std::holds_alternative<std::unique_ptr<EventStream>>(reply));
    return std::get<std::unique_ptr<EventStream>>(std::move(reply));
}

std::unique_ptr<LongPoll> poll_of(Guarded& guarded, const char* token) {
    auto reply = guarded.reply(Method::get, "/v1/stream/a?offset=now&live=long-poll", {bearer(token)});
    REQUIRE(std::holds_alternative<std::unique_ptr<LongPoll>>(reply));
    return std::get<std::unique_ptr<LongPoll>>(std::move(reply));
}

void create(Guarded& guarded) {
    guarded.call(Method::put, "/v1/stream/a", {{"content-type", "text/plain"}, bearer("owner")}, "first");
}

}  // namespace

TEST_CASE("a token is believed until it expires, whatever else is said about it") {
    Guarded guarded(policy_of_tokens({token_entry("a", "token-a", read_all, "2023-11-14T22:13:30Z")}));
    const auto status = [&](const Headers& headers) {
        return guarded.call(Method::get, "/v1/stream/none", headers).status;
    };

    CHECK(status({bearer("token-a")}) == 404);
    CHECK(status({{"authorization", "bEARER token-a"}}) == 404);
    for (const auto* value : {"", "Bearer", "Bearer ", "Basic token-a", "token-a", "Bearer  token-a", "Bearer token-a ",
                              "Bearer token-a,", "Bearer token-b", "Bearer token-a\x80"}) {
        CAPTURE(value);
        CHECK(status({{"authorization", value}}) == 401);
    }
    CHECK(status({bearer("token-a"), bearer("token-a")}) == 401);
    CHECK(guarded.call(Method::get, "/v1/stream/none?access_token=token-a", {}).status == 401);
    guarded.surface.clock.advance(10s);
    CHECK(status({bearer("token-a")}) == 401);
}

TEST_CASE("a JWT may do what is granted to all of them, what its subject's name stands for, and what it says itself") {
    test::TemporaryDirectory folder;
    const auto signer = Signer::ed25519("k");
    std::ofstream(folder.path() / "keys.json") << Json{{"keys", {signer.jwk()}}};
    const std::string section = R"({"jwt":{"issuer":"i","audience":"a","jwks_file":")" +
                                (folder.path() / "keys.json").string() +
                                R"(","grants":[{"path":"customers/{sub}/**","verbs":["read"]}],"grants_claim":"may"}})";
    Guarded guarded(section);
    const auto as = [&](const char* subject, Json may) {
        const auto exp = guarded.surface.clock.now().time_since_epoch().count() / 1000 + 60;
        Json claims{{"iss", "i"}, {"aud", "a"}, {"sub", subject}, {"exp", exp}};
        if (!may.is_null()) claims["may"] = std::move(may);
        return Headers{bearer(signer.token(claims))};
    };
    const auto status = [&](const Headers& headers, const char* target) {
        return guarded.call(Method::get, target, headers).status;
    };

    CHECK(status(as("ann", nullptr), "/v1/stream/customers/ann/orders") == 404);
    CHECK(status(as("ann", nullptr), "/v1/stream/customers/bob/orders") == 403);
    CHECK(status(as("ann", {{{"path", "news"}, {"verbs", {"read"}}}}), "/v1/stream/news") == 404);
    CHECK(status(as("ann", {{{"path", "news"}, {"verbs", {"rule"}}}}), "/v1/stream/customers/ann/orders") == 401);
    for (const auto* subject : {"*", "**", "a/b", "..", "a*", "{sub}"}) {
        CAPTURE(subject);
        CHECK(status(as(subject, nullptr), "/v1/stream/customers/bob/orders") == 401);
    }
    const auto token = as("ann", nullptr);
    CHECK(status(token, "/v1/stream/customers/ann/orders") == 404);
    guarded.surface.clock.advance(121s);
    CHECK(status(token, "/v1/stream/customers/ann/orders") == 401);
}

TEST_CASE("a certificate's name is a principal until the certificate expires, and a token beside it decides") {
    Guarded guarded(R"({"certificates":[{"name":"URI:spiffe://example/billing","grants":)" + read_all + R"(}],
                        "anonymous":[{"path":"public/**","verbs":["read"]}]})");
    const auto status = [&](const char* target, Headers headers = {}) {
        return guarded.call(Method::get, target, std::move(headers)).status;
    };

    CHECK(status("/v1/stream/a") == 403);
    CHECK(status("/v1/stream/public/a") == 404);
    guarded.peer->certificate_names = {"DNS:billing", "URI:spiffe://example/billing"};
    guarded.peer->certificate_expires = guarded.surface.clock.now() + 60s;
    CHECK(status("/v1/stream/a") == 404);
    CHECK(status("/v1/stream/a", {bearer("wrong")}) == 401);
    guarded.surface.clock.advance(60s);
    CHECK(status("/v1/stream/a") == 403);
}

TEST_CASE("what everybody may read may be kept for everybody, what somebody reads by his name for nobody") {
    Guarded guarded(
        R"({"tokens":[)" + token_entry("owner", "owner", R"([{"path":"**","verbs":["create","read"]}])") +
        R"(],"certificates":[{"name":"URI:spiffe://example/billing","grants":[{"path":"**","verbs":["read"]}]}],
            "anonymous":[{"path":"public/**","verbs":["read"]}]})");
    (void)guarded.call(Method::put, "/v1/stream/public/a",
                       {{"content-type", "text/plain"}, {"stream-closed", "true"}, bearer("owner")}, "text");
    const auto caching = [&](Headers headers) {
        return header(guarded.call(Method::get, "/v1/stream/public/a", std::move(headers)), "cache-control");
    };

    CHECK(caching({}) == "public, max-age=60, stale-while-revalidate=300");
    CHECK(caching({bearer("owner")}) == "private, max-age=60, stale-while-revalidate=300");
    guarded.peer->certificate_names = {"URI:spiffe://example/billing"};
    guarded.peer->certificate_expires = guarded.surface.clock.now() + 60s;
    CHECK(caching({}) == "private, max-age=60, stale-while-revalidate=300");
}

TEST_CASE("a live read ends when its token expires, and is told nothing after that") {
    auto guarded = guarded_with({token_entry("r", "reader", read_all, "2023-11-14T22:13:30Z")});
    create(guarded);
    const auto events = events_of(guarded, "reader");
    const auto poll = poll_of(guarded, "reader");

    CHECK(events->lifetime() == 10s);
    CHECK(poll->timeout() == 10s);
    CHECK(events->next().bytes.find("first") != std::string::npos);
    guarded.surface.clock.advance(10s);
    append(guarded, "secret");
    const auto last = events->next();
    CHECK(last.finished);
    CHECK(last.bytes.empty());
    CHECK(poll->poll().value().status == 401);
    CHECK(poll->expire().status == 401);
}

TEST_CASE("a live read ends when its token is withdrawn, and goes on when somebody else's is") {
    const auto reader = token_entry("r", "reader", read_all);
    const auto other = token_entry("o", "other", read_all);
    auto guarded = guarded_with({reader, other});
    create(guarded);
    const auto events = events_of(guarded, "reader");
    CHECK(events->lifetime() <= 60s);
    CHECK(events->next().bytes.find("first") != std::string::npos);
    const auto owner = token_entry("owner", "owner", R"([{"path":"**","verbs":["append"]}])");

    guarded.change(policy_of_tokens({owner, reader}));
    append(guarded, "second");
    CHECK(events->next().bytes.find("second") != std::string::npos);
    guarded.change(policy_of_tokens({owner, other}));
    append(guarded, "third");
    CHECK(events->next().finished);
    CHECK(guarded.call(Method::get, "/v1/stream/a", {bearer("reader")}).status == 401);
}

TEST_CASE("a stream that is deleted ends its live readers") {
    auto guarded = guarded_with({token_entry("r", "reader", read_all)});
    create(guarded);
    const auto events = events_of(guarded, "reader");
    const auto poll = poll_of(guarded, "reader");
    CHECK_FALSE(events->next().finished);
    bool told = false;
    const auto watch = events->watch([&] { told = true; });

    guarded.call(Method::remove, "/v1/stream/a", {bearer("owner")});

    CHECK(told);
    CHECK(events->next().finished);
    CHECK(poll->poll().value().status == 404);
}

TEST_CASE("an access file that is not as it must be is refused with the place, and the old one stays") {
    CHECK(problem_with("{") == "it is no JSON document, or an object in it has a key twice");
    CHECK(problem_with("{}") == "none");
    CHECK(problem_with(R"({"token":[]})") == "the document: has no member \"token\"");
    CHECK(
        problem_with(R"({"tokens":[{"id":"a","sha256":"ab","grants":[]}]})").starts_with("tokens[0].sha256: must be"));
    CHECK(problem_with(policy_of_tokens({token_entry("a", "x", "[]"), token_entry("b", "x", "[]")})) ==
          "tokens[1].sha256: is that of another token");
    CHECK(problem_with(policy_of_tokens({token_entry("a", "x", "[]"), token_entry("a", "y", "[]")})) ==
          "tokens[1].id: is that of another token");
    CHECK(problem_with(policy_of_tokens({token_entry("a", "x", "[]", "tomorrow")})).starts_with("tokens[0].expires"));
    CHECK(problem_with(policy_of_tokens({token_entry("a", "x", R"([{"path":"a"}])")}))
              .starts_with("tokens[0].grants[0]"));
    for (const auto* quota : {"{}", "[]", "1", R"({"streams":0})", R"({"bytes":-1})", R"({"streams":1.5})",
                              R"({"streams":"1"})", R"({"stream":1})"}) {
        CAPTURE(quota);
        const auto entry = token_entry("a", "x", "[]");
        CHECK(problem_with(policy_of_tokens({entry.substr(0, entry.size() - 1) + R"(,"quota":)" + quota + "}"}))
                  .starts_with("tokens[0].quota"));
    }
    CHECK(problem_with(R"({"jwt":{"issuer":"i","audience":"a","grants":[]}})").starts_with("jwt: needs one of"));
    CHECK(problem_with(R"({"jwt":{"issuer":"i","audience":"a","jwks_file":"none","grants":[]}})")
              .starts_with("cannot read"));
    CHECK(
        problem_with(R"({"certificates":[{"name":"a","grants":[]}]})").starts_with("certificates[0].name: must begin"));

    Guarded guarded(policy_of_tokens({token_entry("a", "token-a", read_all)}));
    guarded.write("{");
    CHECK_THROWS_AS((void)guarded.control->read_again(), AccessError);
    CHECK(guarded.call(Method::get, "/v1/stream/a", {bearer("token-a")}).status == 404);
}

TEST_CASE("a surface that needs to know its caller refuses one that nobody asked for") {
    Surface surface({.requires_principal = true});

    CHECK(surface.get("/v1/stream/a").status == 401);
    CHECK(surface.put("/v1/stream/a", "text/plain").status == 401);
    CHECK(surface.get("/v1/streams").status == 401);
}
