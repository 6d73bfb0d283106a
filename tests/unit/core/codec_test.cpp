#include "foldback/core/codec.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <map>
#include <set>
#include <unordered_map>

#include "foldback/core/decimal.hpp"

namespace {

struct Colour {
    unsigned rgb = 0;
    friend bool operator==(const Colour&, const Colour&) = default;
};

}  // namespace

template <>
struct foldback::Codec<Colour> {
    static void write(JsonWriter& writer, const Colour& value) { writer.string("#" + std::to_string(value.rgb)); }
    static void read(JsonReader& reader, Colour& value) {
        const auto text = reader.string();
        if (!text.starts_with('#')) reader.fail("no colour");
        value.rgb = JsonReader(text.substr(1)).integer<unsigned>();
    }
};

using namespace foldback;
using namespace std::chrono_literals;

namespace {

enum class Size { small, large };
BOOST_DESCRIBE_ENUM(Size, small, large)

struct Line {
    std::string item;
    Cents price;
    friend bool operator==(const Line&, const Line&) = default;
};
BOOST_DESCRIBE_STRUCT(Line, (), (item, price))

struct Card {
    static constexpr std::string_view case_name = "card";
    std::string number;
    friend bool operator==(const Card&, const Card&) = default;
};
BOOST_DESCRIBE_STRUCT(Card, (), (number))
struct Cash {
    static constexpr std::string_view case_name = "cash";
    friend bool operator==(const Cash&, const Cash&) = default;
};
BOOST_DESCRIBE_STRUCT(Cash, (), ())

struct Everything {
    bool flag = true;
    std::int64_t least = std::numeric_limits<std::int64_t>::min();
    std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    double real = 0.1;
    std::string text = "a \"b\"";
    Size size = Size::large;
    std::vector<Line> lines{{"tea", Cents::units(1230)}, {"", Cents::units(-5)}};
    std::optional<int> absent{};
    std::optional<int> present = 3;
    std::map<std::string, int> by_name{{"b", 2}, {"a", 1}};
    std::unordered_map<int, Size> by_number{{10, Size::small}, {-2, Size::large}};
    std::map<Size, int> by_size{{Size::small, 1}};
    std::set<int> set{3, 1};
    std::deque<bool> deque{true, false};
    std::array<int, 2> array{1, 2};
    std::pair<int, std::string> pair{1, "x"};
    std::variant<Cash, Card, std::string> paid = Card{"42"};
    std::chrono::sys_time<std::chrono::milliseconds> at{1732350000123ms};
    std::chrono::minutes wait = 90min;
    JsonText document{R"({"x": [1e400]})"};
    Colour colour{7};
    std::vector<std::optional<int>> holes{1, std::nullopt};
    friend bool operator==(const Everything&, const Everything&) = default;
};
BOOST_DESCRIBE_STRUCT(Everything, (),
                      (flag, least, most, real, text, size, lines, absent, present, by_name, by_number, by_size, set,
                       deque, array, pair, paid, at, wait, document, colour, holes))

struct Base {
    int id = 0;
};
BOOST_DESCRIBE_STRUCT(Base, (), (id))
struct Derived : Base {
    int more = 0;
};
BOOST_DESCRIBE_STRUCT(Derived, (Base), (more))

struct Few {
    int a = 1;
    std::optional<int> b = 2;
    std::string c = "c";
    friend bool operator==(const Few&, const Few&) = default;
};
BOOST_DESCRIBE_STRUCT(Few, (), (a, b, c))

struct Tree {
    std::vector<Tree> children;
};
BOOST_DESCRIBE_STRUCT(Tree, (), (children))

template <class T>
std::string error_of(std::string_view text) {
    try {
        (void)from_json<T>(text);
    } catch (const JsonError& error) {
        return error.what();
    }
    return "";
}

}  // namespace

TEST_CASE("every kind of type is stored as documented and comes back") {
    const Everything value;

    const auto text = to_json(value);

    CHECK(
        text ==
        R"({"flag":true,"least":-9223372036854775808,"most":18446744073709551615,"real":0.1,"text":"a \"b\"","size":"large",)"
        R"("lines":[{"item":"tea","price":"12.30"},{"item":"","price":"-0.05"}],"present":3,"by_name":{"a":1,"b":2},)"
        R"("by_number":{"-2":"large","10":"small"},"by_size":{"small":1},"set":[1,3],"deque":[true,false],"array":[1,2],)"
        R"("pair":[1,"x"],"paid":{"card":{"number":"42"}},"at":1732350000123,"wait":90,"document":{"x": [1e400]},)"
        R"("colour":"#7","holes":[1,null]})");
    CHECK(from_json<Everything>(text) == value);
}

TEST_CASE("members are read in any order, with blanks, and strangers are passed over") {
    const Few expected{.a = 5, .b = 6, .c = "7"};

    for (const auto* text :
         {R"({"a":5,"b":6,"c":"7"})", R"({"c":"7","b":6,"a":5})", R"( { "b" : 6 , "a" : 5 , "c" : "7" } )",
          R"({"x":{"a":[1]},"a":5,"y":null,"b":6,"c":"7","z":""})", R"({"a":5,"c":"7","b":6})",
          R"({"a":1,"b":6,"c":"7","a":5})", R"({"\u0061":5,"b":6,"c":"7"})"}) {
        CAPTURE(text);
        CHECK(from_json<Few>(text) == expected);
    }
}

TEST_CASE("a member that is missing is an error, or keeps its default, by choice") {
    CHECK(error_of<Few>(R"({"b":6})") == "missing: a, c");
    CHECK(error_of<Few>("{}") == "missing: a, c");
    CHECK(from_json<Few>(R"({"a":5,"c":"7"})") == Few{.a = 5, .b = 2, .c = "7"});

    JsonReader reader(R"({"b":null})");
    reader.uses_defaults = true;
    Few value;
    read_json(reader, value);
    CHECK(value == Few{.a = 1, .b = std::nullopt, .c = "c"});
}

TEST_CASE("members of a described base come first") {
    Derived value;
    value.id = 1;
    value.more = 2;

    CHECK(to_json(value) == R"({"id":1,"more":2})");
    CHECK(from_json<Derived>(R"({"id":1,"more":2})").id == 1);
}

TEST_CASE("a value of the wrong kind says where and what") {
    CHECK(error_of<Line>(R"({"item":1,"price":"1"})") == "/item: expected a string, found `1,\"price\":\"1\"}`");
    CHECK(error_of<Line>(R"({"item":"a","price":"1.234"})") ==
          "/price: \"1.234\" is no decimal with 2 places that fits 64 bits");
    CHECK(error_of<std::vector<Size>>(R"(["small","huge"])") == "/1: \"huge\" is no enumerator");
    CHECK(error_of<std::variant<Cash, Card>>(R"({"cheque":{}})") == "/cheque: \"cheque\" is no case of this variant");
    CHECK(error_of<std::variant<Cash, Card>>(R"({"cash":{},"card":{}})") ==
          "/card: a variant has one member, which names its case");
    CHECK(error_of<std::variant<Cash, Card>>("{}") == "a variant has one member, which names its case");
    CHECK(error_of<std::array<int, 2>>("[1]") == "fewer than 2 elements");
    CHECK(error_of<std::array<int, 2>>("[1,2,3]") == "/2: more than 2 elements");
    CHECK(error_of<std::map<int, int>>(R"({"x":1})") == "/x: \"x\" is no key of this map");
    CHECK(error_of<Few>("[]").starts_with("expected an object"));
    CHECK(error_of<std::vector<int>>("{}").starts_with("expected an array"));
    CHECK(error_of<Few>(R"({"a":5,"c":"7")").starts_with("/c: expected a comma or the end of the object"));
}

TEST_CASE("a struct that is nested in itself is read up to a bound") {
    std::string text = R"({"children":[]})";
    for (int i = 0; i < 62; ++i) text = R"({"children":[)" + text + "]}";
    CHECK(from_json<Tree>(text).children.size() == 1);

    text = R"({"children":[)" + text + "]}";
    text = R"({"children":[)" + text + "]}";
    CHECK(error_of<Tree>(text).ends_with("nested deeper than 128"));
}

TEST_CASE("decimals are exact") {
    Cents value;

    CHECK(Cents::parse("92233720368547758.07", value));
    CHECK(value.text() == "92233720368547758.07");
    CHECK(Cents::parse("-92233720368547758.08", value));
    CHECK(value.text() == "-92233720368547758.08");
    CHECK(Cents::parse("0.5", value));
    CHECK(value == Cents::units(50));
    CHECK(Cents::parse("-7", value));
    CHECK(value.text() == "-7.00");
    CHECK(Decimal<0>::units(-12).text() == "-12");
    CHECK(Cents::units(3).text() == "0.03");
    for (const auto* wrong :
         {"", "-", ".5", "1.", "1.234", "1e2", "92233720368547758.08", "-92233720368547758.09", "1 ", "--1", "+1"}) {
        CAPTURE(wrong);
        CHECK_FALSE(Cents::parse(wrong, value));
        CHECK(value == Cents::units(-700));
    }
    CHECK(from_json<Cents>("12.3") == Cents::units(1230));
    CHECK(Cents::units(150) + 2 * Cents::units(25) - Cents::units(1) == Cents::units(199));
}
