#include "debugger/changes.hpp"

#include <doctest/doctest.h>

namespace foldback::server::debugger {
namespace {

std::string paths(const char* before, const char* after, const std::vector<IdentityField>& identity = {}) {
    std::string text;
    for (const auto& change : list_changes(Json::parse(before), Json::parse(after), identity))
        text += change["kind"].get<std::string>() + " " + change["path"].get<std::string>() + "; ";
    return text;
}

TEST_CASE("only what is different is listed") {
    CHECK(paths(R"({"a":1,"b":{"c":2}})", R"({"b":{"c":2},"a":1})").empty());
    CHECK(paths(R"({"a":1,"b":2})", R"({"a":3,"c":2})") == "changed /a; removed /b; added /c; ");
    CHECK(paths("null", "{}") == "changed ; ");
    CHECK(paths(R"({"a/b":1})", R"({"a/b":2})") == "changed /a~1b; ");
}

TEST_CASE("taking out the first element of an array is one change") {
    CHECK(paths(R"({"l":[1,2,3]})", R"({"l":[2,3]})") == "removed /l/0; ");
    CHECK(paths(R"({"l":[1,2,3]})", R"({"l":[1,9,2,3]})") == "added /l/1; ");
}

TEST_CASE("elements with an identity are compared with themselves wherever they are") {
    const std::vector<IdentityField> by_sku{{"/lines", "sku"}};

    CHECK(paths(R"({"lines":[{"sku":"a","n":1},{"sku":"b","n":1},{"sku":"c","n":1}]})",
                R"({"lines":[{"sku":"c","n":2},{"sku":"a","n":1},{"sku":"d","n":1}]})",
                by_sku) == "removed /lines/[b]; changed /lines/[c]/n; added /lines/[d]; ");
    // Twice the same identity is none.
    CHECK(paths(R"({"lines":[{"sku":"a"},{"sku":"a"}]})", R"({"lines":[{"sku":"a"}]})", by_sku) ==
          "removed /lines/1; ");
}

TEST_CASE("the list of changes is bounded") {
    auto before = Json::array();
    auto after = Json::array();
    for (int i = 0; i < 5000; ++i) before.push_back(i), after.push_back(-1 - i);

    CHECK(list_changes(before, after, {}).size() <= max_changes + 1);
}

}  // namespace
}  // namespace foldback::server::debugger
