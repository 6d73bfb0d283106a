#include "debugger/expression.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace foldback::server::debugger {
namespace {

using Json = nlohmann::ordered_json;

const Json order = Json::parse(R"({"status":"paid","total":-5,"rate":0.5,"note":null,"open":false,"a b":{"c/d":1},
    "lines":[{"sku":"tea","price":3},{"sku":"cup","price":4}],"tags":["new","big"]})");

bool holds(std::string_view text) { return Expression::parse(text).holds(order); }

std::string problem(std::string_view text) {
    try {
        (void)Expression::parse(text);
    } catch (const ExpressionError& error) {
        return error.what();
    }
    return {};
}

TEST_CASE("a field is compared with numbers and strings") {
    CHECK(holds("/total < 0"));
    CHECK(holds("/total<0"));
    CHECK(holds("/total <= -5"));
    CHECK_FALSE(holds("/total > -5"));
    CHECK(holds("/rate = 0.5"));
    CHECK(holds("/status = 'paid'"));
    CHECK(holds(R"(/status == "paid")"));
    CHECK(holds("/status != 'open'"));
    CHECK(holds("/lines/1/price > /lines/0/price"));
    CHECK(holds("/note = null"));
    CHECK(holds("`/a b/c~1d` = 1"));
}

TEST_CASE("what cannot be compared is neither less nor greater") {
    CHECK_FALSE(holds("/status < 3"));
    CHECK_FALSE(holds("/status >= 3"));
    CHECK_FALSE(holds("/nothing < 3"));
    CHECK_FALSE(holds("/nothing = null"));
    CHECK(holds("/nothing != 3"));
}

TEST_CASE("an amount in a string is compared as the number that it is") {
    const auto sold =
        Json::parse(R"({"total":"-4.36","paid":"9.50","due":"10.00","pieces":"3","code":"007","day":"2026-11-23",
        "lines":[{"price":"0.10"},{"price":"0.20"},{"price":3}],"long":"12345678901234567890"})");
    const auto is_so = [&](std::string_view text) { return Expression::parse(text).holds(sold); };

    CHECK(is_so("/total < 0"));
    CHECK(is_so("/total = -4.36"));
    CHECK_FALSE(is_so("/total >= 0"));
    CHECK_FALSE(is_so("/total != -4.36"));
    CHECK(is_so("/paid < /due"));
    CHECK(is_so("/paid < '10'"));
    CHECK(is_so("/pieces = 3"));
    CHECK(is_so("sum(/lines/*/price) = 3.3"));
    CHECK(is_so("sum(/lines/*/price) < /paid"));

    CHECK_FALSE(is_so("/code = '7'"));
    CHECK(is_so("/code = '007'"));
    CHECK(is_so("/day < '2026-11-24'"));
    CHECK_FALSE(is_so("/day < 3000"));
    CHECK_FALSE(is_so("/long > 1"));
}

TEST_CASE("exists, count, sum and contains look into a state") {
    CHECK(holds("exists(/note)"));
    CHECK_FALSE(holds("exists(/lines/2)"));
    CHECK(holds("count(/lines) = 2"));
    CHECK(holds("count(/lines/*/sku) = 2"));
    CHECK(holds("count(/nothing) = 0"));
    CHECK(holds("sum(/lines/*/price) = 7"));
    CHECK(holds("/total != sum(/lines/*/price)"));
    CHECK(holds("/tags contains 'big'"));
    CHECK(holds("/status contains 'ai'"));
    CHECK_FALSE(holds("/tags contains 'small'"));
}

TEST_CASE("and binds stronger than or, and not stronger than both") {
    CHECK(holds("/total < 0 or /total > 5 and /total > 9"));
    CHECK_FALSE(holds("(/total < 0 or /total > 5) and /total > 9"));
    CHECK(holds("not /total > 0 and not exists(/gone)"));
    CHECK(holds("not (/total > 0 or /open)"));
}

TEST_CASE("an invariant is asked by its name") {
    const auto expression =
        Expression::parse("not total-matches and /total < 0", [](auto name) { return name == "total-matches"; });

    CHECK(expression.holds(order, [](auto) { return false; }));
    CHECK_FALSE(expression.holds(order, [](auto) { return true; }));
}

TEST_CASE("what is no expression is refused with the byte where it goes wrong") {
    CHECK(problem("") == "The expression is wrong at byte 0: a value is missing.");
    CHECK(problem("/total <") == "The expression is wrong at byte 8: a value is missing.");
    CHECK(problem("/total < 0 0") == "The expression is wrong at byte 11: unexpected \"0\".");
    CHECK(problem("(/total") == "The expression is wrong at byte 7: \")\" is missing.");
    CHECK(problem("total < 0") ==
          "The expression is wrong at byte 0: \"total\" is no number, no function and no invariant; a field of the "
          "state is "
          "written /total.");
    CHECK(problem("/a~2 = 1").find("~ stands before 0 or 1") != std::string::npos);
    CHECK(problem("'open") == "The expression is wrong at byte 0: the closing quote is missing.");
    CHECK(problem("sum total") == "The expression is wrong at byte 4: \"(\" is missing.");
}

TEST_CASE("nesting and length are bounded") {
    CHECK(problem(std::string(5000, '(')).find("longer than") != std::string::npos);
    CHECK(problem(std::string(1000, '(')).find("nested too deeply") != std::string::npos);
    std::string nots;
    for (int i = 0; i < 500; ++i) nots += "not ";
    CHECK(problem(nots + "/a").find("nested too deeply") != std::string::npos);
    CHECK(problem(std::string(20, '(') + "/a" + std::string(20, ')')).empty());
}

TEST_CASE("an expression knows which members of the state it asks about") {
    const auto members = [](const char* text) {
        const auto expression = Expression::parse(text);
        const auto* names = expression.members();
        return names == nullptr ? std::vector<std::string>{"everything"} : *names;
    };

    CHECK(members("/total < 0 and not exists(/lines/0/sku) or sum(/lines/*/cents) != /total") ==
          std::vector<std::string>{"total", "lines"});
    CHECK(members("true") == std::vector<std::string>{});
    CHECK(members("/a~1b = 1") == std::vector<std::string>{"a/b"});
    CHECK(members("count(/*/sku) > 1") == std::vector<std::string>{"everything"});
    CHECK(members("exists()") == std::vector<std::string>{"everything"});
}

}  // namespace
}  // namespace foldback::server::debugger
