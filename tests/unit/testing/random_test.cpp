#include "foldback/testing/random.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <map>
#include <set>
#include <variant>
#include <vector>

#include "foldback/testing/shrink.hpp"

using namespace foldback;
using namespace foldback::testing;

namespace {

enum class Color { red, green };
BOOST_DESCRIBE_ENUM(Color, red, green)
struct Card {
    static constexpr std::string_view case_name = "card";
    std::string number;
};
BOOST_DESCRIBE_STRUCT(Card, (), (number))
struct Own {
    int secret = 0;
};
struct Everything {
    bool flag = false;
    std::int8_t tiny = 0;
    std::uint64_t large = 0;
    double real = 0;
    std::string text;
    Color color = Color::red;
    std::optional<int> maybe;
    std::vector<Card> cards;
    std::map<std::string, std::vector<int>> map;
    std::set<int> set;
    std::array<int, 3> three{};
    std::pair<int, bool> pair;
    std::variant<Card, std::string> either;
    std::chrono::milliseconds duration{};
    std::chrono::sys_time<std::chrono::milliseconds> time{};
    Cents money;
    JsonText json;
    Own own;
};
BOOST_DESCRIBE_STRUCT(Everything, (),
                      (flag, tiny, large, real, text, color, maybe, cards, map, set, three, pair, either, duration,
                       time, money, json, own))

}  // namespace

template <>
struct foldback::testing::Arbitrary<Own> {
    static Own make(Random& random) { return {static_cast<int>(1 + random.below(9))}; }
};
template <>
struct foldback::Codec<Own> {
    static void write(JsonWriter& writer, const Own& own) { writer.number(std::int64_t{own.secret}); }
    static void read(JsonReader& reader, Own& own) { own.secret = reader.integer<int>(); }
};

TEST_CASE("random values of every type that can be stored are stored and read again") {
    std::set<std::string> texts;
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        CAPTURE(seed);
        Random random(seed);
        random.extreme = seed % 2 == 0;

        const auto text = to_json(random_value<Everything>(random));

        CHECK(to_json(from_json<Everything>(text)) == text);
        texts.insert(text);
    }
    CHECK(texts.size() == 300);
}

TEST_CASE("the same seed gives the same values") {
    Random one(5);
    Random two(5);

    CHECK(to_json(random_value<Everything>(one)) == to_json(random_value<Everything>(two)));
}

TEST_CASE("numbers can be added up unless extremes are asked for") {
    Random random(3);
    for (int i = 0; i < 1000; ++i) CHECK(std::abs(random_value<std::int64_t>(random)) <= 1'000'000);
    random.extreme = true;
    bool seen_largest = false;
    for (int i = 0; i < 100; ++i) seen_largest |= random_value<std::int64_t>(random) == INT64_MAX;
    CHECK(seen_largest);
}

TEST_CASE("shrinking leaves a history from which nothing can be deleted") {
    std::vector<int> history;
    for (int i = 0; i < 1000; ++i) history.push_back(i);
    const auto fails = [](const std::vector<int>& some) {
        return std::count(some.begin(), some.end(), 17) > 0 && std::count(some.begin(), some.end(), 903) > 0 &&
               some.size() >= 3;
    };

    const auto smallest = shrink(history, fails);

    CHECK(smallest.size() == 3);
    CHECK(fails(smallest));
    CHECK(shrink(std::vector{1}, [](const auto&) { return true; }).empty());
}
