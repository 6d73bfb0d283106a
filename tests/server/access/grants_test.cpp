#include "access/grants.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "foldback/server/access.hpp"

using namespace foldback::server;
using namespace foldback::server::access;

namespace {

Grants grants_of(const char* json) { return parse_grants(nlohmann::json::parse(json), "grants"); }

}  // namespace

TEST_CASE("a glob matches by segment") {
    struct Case {
        const char* glob;
        const char* path;
        bool matches;
    };
    for (const auto& [glob, path, matches] : {
             Case{"orders/42", "orders/42", true},
             Case{"orders/42", "orders/421", false},
             Case{"orders/42", "orders/42/events", false},
             Case{"orders/*", "orders/42", true},
             Case{"orders/*", "orders", false},
             Case{"orders/*", "orders/42/events", false},
             Case{"orders/**", "orders", true},
             Case{"orders/**", "orders/42/events", true},
             Case{"orders/**", "orders2", false},
             Case{"orders/**", "ordersx/1", false},
             Case{"**", "anything/at/all", true},
             Case{"**/events", "events", true},
             Case{"**/events", "a/b/events", true},
             Case{"**/events", "a/events/b", false},
             Case{"a/**/b/**/c", "a/b/c", true},
             Case{"a/**/b/**/c", "a/x/b/b/y/c", true},
             Case{"a/**/b/**/c", "a/x/c", false},
             Case{"order-*", "order-42", true},
             Case{"order-*", "order-", true},
             Case{"*-of-*", "a-of-b-of-c", true},
             Case{"*-of-*", "a-off-b", false},
             Case{"*/events", "events", false},
             Case{"**/a/**/a/**/a/b", "a/a/a/a/a/a/a/a/a/a/a/a/c", false},
         }) {
        const auto& tried_glob = glob;  // clang 14 lets no lambda have a structured binding
        CAPTURE(tried_glob);
        const auto& tried_path = path;
        CAPTURE(tried_path);
        CHECK(PathGlob(glob).matches(path) == matches);
    }
    for (const auto* bad : {"", "/a", "a//b", "a/**b", "a***", "../a", "a\\b", "a\n"}) {
        CAPTURE(bad);
        CHECK_THROWS_AS(PathGlob{bad}, std::invalid_argument);
    }
}

TEST_CASE("what a glob matches begins with its literal prefix") {
    CHECK(PathGlob("orders/42").literal_prefix() == "orders/42");
    CHECK(PathGlob("orders/**").literal_prefix() == "orders");
    CHECK(PathGlob("orders/*").literal_prefix() == "orders/");
    CHECK(PathGlob("orders/order-*/x").literal_prefix() == "orders/order-");
    CHECK(PathGlob("**").literal_prefix().empty());
    CHECK(PathGlob("*").literal_prefix().empty());
}

TEST_CASE("nothing is allowed that no grant allows, and a denial wins wherever it stands") {
    const auto grants = grants_of(R"([{"path":"orders/secret/**","deny":["read"]},
                                      {"path":"orders/**","verbs":["read","append"],"deny":["delete"]},
                                      {"path":"**","verbs":["delete"]}])");

    CHECK(grants.allow(Verb::read, "orders/42"));
    CHECK_FALSE(grants.allow(Verb::read, "orders/secret/1"));
    CHECK(grants.allow(Verb::append, "orders/secret/1"));
    CHECK_FALSE(grants.allow(Verb::remove, "orders/42"));
    CHECK(grants.allow(Verb::remove, "bills/1"));
    CHECK_FALSE(grants.allow(Verb::create, "orders/42"));
    CHECK_FALSE(Grants().allow(Verb::read, "orders/42"));
}

TEST_CASE("admin is about the server: only a grant for everything gives it") {
    CHECK(grants_of(R"([{"path":"**","verbs":["admin"]}])").allow(Verb::admin, ""));
    CHECK_FALSE(grants_of(R"([{"path":"orders/**","verbs":["admin"]}])").allow(Verb::admin, ""));
    CHECK_FALSE(grants_of(R"([{"path":"**","verbs":["admin"]},{"path":"a","deny":["admin"]}])").allow(Verb::admin, ""));
}

TEST_CASE("a list looks below the prefixes of what may be read, each once") {
    const auto grants = grants_of(R"([{"path":"orders/42/**","verbs":["read"]},{"path":"orders/**","verbs":["read"]},
                                      {"path":"bills/*","verbs":["read"]},{"path":"logs/**","verbs":["append"]}])");

    CHECK(grants.prefixes(Verb::read) == std::vector<std::string>{"bills/", "orders"});
    CHECK(grants_of(R"([{"path":"**","verbs":["read"]},{"path":"a","verbs":["read"]}])").prefixes(Verb::read) ==
          std::vector<std::string>{""});
    CHECK(Grants().prefixes(Verb::read).empty());
}

TEST_CASE("grants that say something else than grants can are refused with the place") {
    const auto problem_with = [](const char* json) -> std::string {
        try {
            (void)grants_of(json);
        } catch (const AccessError& error) {
            return error.what();
        }
        return "none";
    };

    CHECK(problem_with(R"({})") == "grants: must be a list of grants");
    CHECK(problem_with(R"([1])") == "grants[0]: must be an object");
    CHECK(problem_with(R"([{"path":"a"}])") == "grants[0]: needs \"verbs\" or \"deny\"");
    CHECK(problem_with(R"([{"verbs":["read"]}])") == "grants[0]: needs \"path\"");
    CHECK(problem_with(R"([{"path":"a","verbs":"read"}])") == "grants[0].verbs: must be a list of verbs");
    CHECK(problem_with(R"([{"path":"a","verbs":["READ"]}])").starts_with("grants[0].verbs: \"READ\" is no verb"));
    CHECK(problem_with(R"([{"path":"a","verb":["read"]}])") == "grants[0]: has no member \"verb\"");
    CHECK(problem_with(R"([{"path":"a/../b","verbs":[]}])") == "grants[0].path: the path has a '.' or '..' segment");
    CHECK(problem_with(R"([{"path":"{sub}","verbs":[]}])").starts_with("grants[0].path: {sub}"));
}
