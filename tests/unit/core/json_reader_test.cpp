#include "foldback/core/json_reader.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "foldback/core/json_writer.hpp"

using namespace foldback;

namespace {

template <class Read>
std::string error_of(std::string_view text, Read read) {
    try {
        JsonReader reader(text);
        read(reader);
        reader.expect_end();
    } catch (const JsonError& error) {
        return error.what();
    }
    return "";
}

template <class Integer>
std::string integer_error(std::string_view text) {
    return error_of(text, [](JsonReader& reader) { (void)reader.integer<Integer>(); });
}

std::string string_of(std::string_view text) {
    JsonReader reader(text);
    return std::string(reader.string());
}

}  // namespace

TEST_CASE("integers are exact to their last bit and refuse what does not fit") {
    CHECK(JsonReader("18446744073709551615").integer<std::uint64_t>() == std::numeric_limits<std::uint64_t>::max());
    CHECK(JsonReader("-9223372036854775808").integer<std::int64_t>() == std::numeric_limits<std::int64_t>::min());
    CHECK(JsonReader(" 9223372036854775807 ").integer<std::int64_t>() == std::numeric_limits<std::int64_t>::max());
    CHECK(JsonReader("-128").integer<std::int8_t>() == -128);
    CHECK(JsonReader("-0").integer<unsigned>() == 0);

    for (const auto* text : {"18446744073709551616", "99999999999999999999999"})
        CHECK(integer_error<std::uint64_t>(text) == "a number out of range");
    for (const auto* text : {"9223372036854775808", "-9223372036854775809"})
        CHECK(integer_error<std::int64_t>(text) == "a number out of range");
    for (const auto* text : {"128", "-129"}) CHECK(integer_error<std::int8_t>(text) == "a number out of range");
    CHECK(integer_error<unsigned>("-1") == "a number out of range");
    for (const auto* text : {"", "-", "01", "1.0", "1e3", "\"1\"", "null", "+1", "00000000000000000001", "1-"}) {
        CAPTURE(text);
        CHECK(integer_error<int>(text).starts_with("expected an integer"));
    }
}

TEST_CASE("doubles come back as they were written") {
    for (const double value : {0.0, 0.1, -2.5e-310, 1.7976931348623157e308, 123456789.125, 1e22}) {
        std::string text;
        JsonWriter(text).number(value);
        CHECK(JsonReader(text).number() == value);
    }
    std::string text;
    CHECK_THROWS_AS(JsonWriter(text).number(std::numeric_limits<double>::infinity()), std::invalid_argument);
    for (const auto* wrong : {"1.", ".5", "1e", "01.5", "NaN", "Infinity", "--1", "1e400"}) {
        CAPTURE(wrong);
        CHECK_FALSE(error_of(wrong, [](JsonReader& reader) { (void)reader.number(); }).empty());
    }
}

TEST_CASE("strings come back as they were written, wherever they end") {
    for (std::size_t length = 0; length < 70; ++length) {
        for (const std::string_view special : {"", "\"", "\\", "\n", "\x01", "ä", "\xF0\x9F\x98\x80", "/"}) {
            const std::string value = std::string(length, 'x') + std::string(special) + std::string(length % 3, 'y');
            std::string text;
            JsonWriter(text).string(value);
            CHECK(string_of(text) == value);
        }
    }
}

TEST_CASE("every escape is read") {
    CHECK(string_of(R"("\"\\\/\b\f\n\r\t")") == "\"\\/\b\f\n\r\t");
    CHECK(string_of(R"("\u0041\u00e4\u20AC\ud83d\ude00!")") == "A\u00e4\u20ac\U0001F600!");
}

TEST_CASE("a string that is none is an error") {
    for (const std::string_view text :
         {"\"abc", "abc", "\"a\nb\"", R"("\x")", R"("\u12")", R"("\u-123")", R"("\ud800")", R"("\ud800\u0041")",
          R"("\udc00")", "\"\xFF\"", "\"\\n\xC3\"", "\"\\"}) {
        CAPTURE(text);
        CHECK_FALSE(error_of(text, [](JsonReader& reader) { (void)reader.string(); }).empty());
    }
    std::string text;
    CHECK_THROWS_AS(JsonWriter(text).string("\xC3"), std::invalid_argument);
}

TEST_CASE("a byte that is no UTF-8 is found wherever it lies") {
    for (std::size_t at = 0; at < 50; ++at) {
        std::string text = "\"" + std::string(50, 'x') + "\"";
        text[at + 1] = '\xC3';
        CAPTURE(at);
        CHECK(error_of(text, [](JsonReader& reader) { (void)reader.string(); }) == "a string that is not UTF-8");
    }
}

TEST_CASE("skipping moves past exactly one value") {
    for (const std::string_view value : {"1", "-1.5e3", "true", "false", "null", "\"a\\\"b\"", "[]", "{}",
                                         R"({"a":[1,{"b":"]}"}],"c":"\\"})", "[ [ ] , 1 ]"}) {
        const auto text = " " + std::string(value) + " ,";
        JsonReader reader(text);
        CHECK(reader.skip() == value);
        CHECK(reader.peek() == ',');
    }
    for (const std::string_view wrong : {"", "[", "{\"a\":1", "[}", "tru", "\"", "[\"]", "-", "]"}) {
        CAPTURE(wrong);
        CHECK_FALSE(error_of(wrong, [](JsonReader& reader) { (void)reader.skip(); }).empty());
    }
}

TEST_CASE("what is nested too deeply is an error") {
    const std::string deep = std::string(JsonReader::max_depth + 1, '[') + std::string(JsonReader::max_depth + 1, ']');

    CHECK(error_of(deep, [](JsonReader& reader) { (void)reader.skip(); }).ends_with("nested deeper than 128"));
    CHECK(error_of(deep.substr(1, deep.size() - 2), [](JsonReader& reader) { (void)reader.skip(); }).empty());
}

TEST_CASE("an error says where by a JSON pointer") {
    const auto read = [](JsonReader& reader) {
        std::string_view key;
        bool first = true;
        reader.begin_object();
        while (reader.next_member(first, key)) {
            reader.begin_array();
            for (bool first_element = true; reader.next_element(first_element);) (void)reader.integer<int>();
        }
    };

    CHECK(error_of(R"({"a":[1,2],"b":[3,"x"]})", read) == "/b/1: expected an integer, found `\"x\"]}`");
    CHECK(error_of(R"({"a":[1,2],"b":[3,)", read) == "/b/1: expected an integer, found the end");
    CHECK(error_of(R"({"a":[1,2] "b":[3]})", read) ==
          "/a: expected a comma or the end of the object, found `\"b\":[3]}`");
    CHECK(error_of(R"({"a":[1,2],})", read) == "expected a member's name, found `}`");
    CHECK(error_of(R"({"a":[1,]})", read) == "/a/1: expected an integer, found `]}`");
    CHECK(error_of(R"({} {})", read) == "expected the end, found `{}`");
}
